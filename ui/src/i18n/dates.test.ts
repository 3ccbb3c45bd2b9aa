import { describe, expect, it } from "vitest";

import { day, dayAndTime, dayInWords, money, signed } from "./dates";

const NOW = new Date(2026, 10, 23, 14, 30);
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime() * 1000;

describe("moments", () => {
  it.each([
    [at(2026, 10, 23, 14, 6), "Today, 14:06"],
    [at(2026, 10, 23, 0, 0), "Today, 00:00"],
    [at(2026, 10, 22, 23, 59), "Yesterday, 23:59"],
    [at(2026, 10, 21, 9, 40), "21 Nov, 09:40"],
    [at(2025, 8, 2, 18, 21), "2 Sep 2025"],
  ])("are said as a person would", (moment, said) => expect(dayAndTime(moment, NOW)).toBe(said));

  it("say the day alone", () => {
    expect(day(at(2026, 11, 18, 3, 0), NOW)).toBe("18 Dec");
    expect(day(at(2027, 0, 18, 3, 0), NOW)).toBe("18 Jan 2027");
    expect(dayInWords(at(2026, 10, 23, 3, 0), NOW)).toBe("today");
    expect(dayInWords(at(2026, 10, 9, 3, 0), NOW)).toBe("9 Nov");
  });
});

describe("sums", () => {
  it.each([
    [800, "eur", "€8.00"],
    [1234, "USD", "US$12.34"],
    [500, "JPY", "JP¥500"],
    [800, "credits", "8 CREDITS"],
  ])("of %i %s", (minor, currency, said) => expect(money(minor, currency)).toBe(said));

  it("have a sign that is a minus", () => {
    expect([signed(30), signed(-2), signed(0)]).toEqual(["+30", "−2", "0"]);
  });
});
