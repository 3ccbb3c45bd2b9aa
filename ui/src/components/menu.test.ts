import { describe, expect, it } from "vitest";

import { placeMenu } from "./menu";

const page = { width: 1000, height: 700 };
const at = (left: number, top: number, width = 0, height = 0) => ({ left, top, right: left + width, bottom: top + height });

describe("a menu's place", () => {
  it("is below the button, at the edge asked for", () => {
    expect(placeMenu(at(100, 50, 80, 28), { width: 200, height: 150 }, page, "start")).toMatchObject({ left: 100, top: 82 });
    expect(placeMenu(at(700, 50, 80, 28), { width: 200, height: 150 }, page, "end")).toMatchObject({ left: 580, top: 82 });
  });

  it("is above when there is no room below", () => {
    expect(placeMenu(at(100, 600, 80, 28), { width: 200, height: 150 }, page, "start").top).toBe(446);
  });

  it("never leaves the window", () => {
    expect(placeMenu(at(950, 50), { width: 200, height: 150 }, page, "start").left).toBe(792);
    expect(placeMenu(at(10, 50, 20, 20), { width: 200, height: 150 }, page, "end").left).toBe(8);
    const tall = placeMenu(at(10, 300, 20, 20), { width: 200, height: 5000 }, page, "start");
    expect(tall.top + tall.room).toBeLessThanOrEqual(page.height);
  });
});
