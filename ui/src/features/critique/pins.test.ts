import { describe, expect, it } from "vitest";

import type { CritiqueFinding, PhotoRegion } from "../../contract/generated";
import { pinsOf, within } from "./pins";

const finding = (number: number, region?: PhotoRegion): CritiqueFinding => ({
  number,
  dimension: "light",
  title: "",
  text: "",
  evidence: "",
  confidence: "low",
  severity: "low",
  ...(region === undefined ? {} : { region }),
});

describe("regions", () => {
  it("are cut to the picture", () => {
    expect(within({ x: -0.2, y: 0.5, width: 0.5, height: 2 })).toEqual({ x: 0, y: 0.5, width: 0.3, height: 0.5 });
    expect(within({ x: 1.2, y: 0, width: 0.5, height: 0.5 })).toBeNull();
    expect(within({ x: Number.NaN, y: 0, width: Number.NaN, height: 1 })).toBeNull();
  });
});

describe("pins", () => {
  it("stand for findings with a place, and for no others", () => {
    expect(pinsOf([finding(1), finding(2, { x: 0.5, y: 0.5, width: 0.1, height: 0.1 })], 1.5).map((pin) => pin.number)).toEqual([2]);
  });

  it("stay within the picture and apart from each other", () => {
    const same = { x: 0.99, y: 0.001, width: 0.01, height: 0.5 };
    const pins = pinsOf([1, 2, 3, 4, 5, 6].map((number) => finding(number, same)), 1.5);
    for (const pin of pins) {
      expect(pin.x).toBeGreaterThan(0.02);
      expect(pin.x).toBeLessThan(0.98);
      expect(pin.y).toBeGreaterThan(0.02);
      for (const other of pins) if (other !== pin) expect(Math.abs(other.x - pin.x) >= 0.0359 || Math.abs(other.y - pin.y) >= 0.05).toBe(true);
    }
  });
});
