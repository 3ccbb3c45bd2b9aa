import { describe, expect, it } from "vitest";

import type { CreditEntry } from "../../contract/generated";
import { readable, weeksOf } from "./ledger";

let next = 0;
const entry = (kind: string, cause: string, available: number, held: number, at = 0): CreditEntry => ({
  id: `e${next++}`,
  kind,
  cause_type: "job",
  cause_id: cause,
  at,
  available,
  held,
  frozen: 0,
  debt: 0,
});

describe("the ledger", () => {
  it("makes one line of what was held and then spent, and two of what came back", () => {
    const entries = [
      entry("hold", "c", -1, 1),
      entry("release", "b", 2, -2),
      entry("hold", "b", -2, 2),
      entry("capture", "a", 0, -3),
      entry("hold", "a", -3, 3),
      entry("grant", "order", 40, 0),
    ];
    expect(readable(entries, 36).map((line) => [line.kind, line.amount, line.balance])).toEqual([
      ["hold", -1, 36],
      ["release", 2, 37],
      ["hold", -2, 35],
      ["capture", -3, 37],
      ["grant", 40, 40],
    ]);
  });

  it("adds up as it is read, also where two jobs were held for before either was done", () => {
    const entries = [entry("capture", "b", 0, -4), entry("capture", "a", 0, -4), entry("hold", "b", -4, 4), entry("hold", "a", -4, 4), entry("grant", "order", 100, 0)];
    expect(readable(entries, 92).map((line) => [line.amount, line.balance])).toEqual([
      [-4, 92],
      [-4, 96],
      [100, 100],
    ]);
  });

  it("shows a capture whose hold is on an earlier page", () => {
    expect(readable([entry("capture", "a", 0, -3)], 7).map((line) => [line.amount, line.balance])).toEqual([[-3, 7]]);
  });
});

describe("weeks", () => {
  const now = new Date(2026, 10, 23, 14, 0); // a Monday
  const at = (year: number, month: number, day: number, hour = 12) => new Date(year, month, day, hour).getTime() * 1000;

  it("begin on a Monday and count what was spent", () => {
    const entries = [
      entry("capture", "a", 0, -1, at(2026, 10, 23, 0)),
      entry("capture", "b", 0, -2, at(2026, 10, 22, 23)),
      entry("capture", "c", 0, -4, at(2026, 10, 16, 0)),
      entry("capture", "d", 0, -8, at(2026, 10, 15, 23)),
      entry("capture", "e", 0, -100, at(2026, 9, 1)),
      entry("hold", "f", -7, 7, at(2026, 10, 23)),
      entry("grant", "g", 30, 0, at(2026, 10, 23)),
    ];
    expect(weeksOf(entries, now, 4)).toEqual([0, 8, 6, 1]);
  });

  it("put an entry from a clock that runs ahead into this week", () => {
    expect(weeksOf([entry("capture", "a", 0, -1, at(2026, 11, 24))], now, 2)).toEqual([0, 1]);
  });
});
