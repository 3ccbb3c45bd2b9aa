import { describe, expect, it } from "vitest";

import { aboutDuration, bytes, duration, megapixels, ordinal, percent, words, zoomPercent } from ".";

describe("durations", () => {
  it.each([
    [0, "1 s"],
    [0.4, "1 s"],
    [18.2, "18 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [65, "1 min 10 s"],
    [220, "3 min 40 s"],
    [299, "5 min"],
    [599, "10 min"],
    [754, "13 min"],
    [3570, "1 h"],
    [4800, "1 h 20 min"],
    [Number.NaN, "1 s"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  it("says about once it rounds", () => {
    expect(aboutDuration(18)).toBe("18 s");
    expect(aboutDuration(220)).toBe("about 3 min 40 s");
  });
});

describe("numbers", () => {
  it("counts places", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 102, 111].map(ordinal)).toEqual(
      ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "102nd", "111th"],
    );
  });

  it("keeps percentages between nothing and all", () => {
    expect(percent(-1)).toBe("0 %");
    expect(percent(0.617)).toBe("62 %");
    expect(percent(1.2)).toBe("100 %");
    expect(zoomPercent(0.083)).toBe("8.3 %");
    expect(zoomPercent(0.08)).toBe("8 %");
    expect(zoomPercent(1)).toBe("100 %");
  });

  it("says sizes", () => {
    expect(megapixels(6048, 4032)).toBe("24.4 MP");
    expect(megapixels(100, 100)).toBe("0.1 MP");
    expect(megapixels(20000, 10000)).toBe("200 MP");
    expect(bytes(999)).toBe("999 bytes");
    expect(bytes(12_800_000)).toBe("13 MB");
    expect(bytes(4_210_000)).toBe("4.2 MB");
    expect(bytes(999_700)).toBe("1.0 MB");
  });
});

describe("sentences", () => {
  it("says what the main button does", () => {
    expect(words.main.withTime(words.main.all(12), 220)).toBe("Enhance all 12 · about 3 min 40 s");
    expect(words.main.withTime(words.main.enhance, null)).toBe("Enhance");
  });

  it("lists what Auto found", () => {
    expect(words.recipe.found(["low_light", "noise", "soft_detail"])).toBe("Found low light, noise and soft detail.");
    expect(words.recipe.found(["noise"])).toBe("Found noise.");
  });

  it("uses no exclamation mark anywhere", () => {
    const texts: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value === "string") texts.push(value);
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
    };
    collect(words);
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter((text) => text.includes("!"))).toEqual([]);
  });
});
