import { describe, expect, it } from "vitest";

import { NOTHING, pickAll, pickOne, pickRange, settle, step, toggle } from "./selection";

const order = [10, 11, 12, 13, 14];
const picked = (selection: { picked: ReadonlySet<number> }) => [...selection.picked].sort((a, b) => a - b);

describe("picking", () => {
  it("adds and takes away, and keeps the last", () => {
    const two = toggle(pickOne(10), 13, order);
    expect(picked(two)).toEqual([10, 13]);
    expect(two.current).toBe(13);
    const one = toggle(two, 13, order);
    expect(picked(one)).toEqual([10]);
    expect(one.current).toBe(10);
    expect(toggle(one, 10, order)).toBe(one);
  });

  it("picks a range from the anchor, both ways, and the anchor stays", () => {
    const forth = pickRange(pickOne(12), 14, order);
    expect(picked(forth)).toEqual([12, 13, 14]);
    const back = pickRange(forth, 10, order);
    expect(picked(back)).toEqual([10, 11, 12]);
    expect(back.current).toBe(10);
  });

  it("goes on and stops at the ends", () => {
    expect(step(pickOne(13), 5, order, false).current).toBe(14);
    expect(step(pickOne(10), -1, order, false).current).toBe(10);
    expect(step(NOTHING, 1, order, false).current).toBe(10);
    expect(picked(step(step(pickOne(11), 1, order, true), 1, order, true))).toEqual([11, 12, 13]);
  });

  it("picks all without changing what is shown", () => {
    expect(pickAll(pickOne(12), order)).toMatchObject({ current: 12 });
    expect(picked(pickAll(pickOne(12), order))).toEqual(order);
  });
});

describe("when the list changes", () => {
  it("shows the first photo that comes", () => {
    expect(settle(NOTHING, [], [7, 8]).current).toBe(7);
  });

  it("goes to the neighbour of what is gone", () => {
    expect(settle(pickOne(12), order, [10, 11, 13, 14]).current).toBe(13);
    expect(settle(pickOne(14), order, [10, 11]).current).toBe(11);
    expect(settle(pickOne(12), order, [])).toBe(NOTHING);
  });

  it("stays as it is when nothing that matters has changed", () => {
    const selection = pickOne(12);
    expect(settle(selection, order, [...order, 15])).toBe(selection);
  });

  it("forgets picked photos that are gone", () => {
    const selection = pickRange(pickOne(11), 14, order);
    expect(picked(settle(selection, order, [10, 11, 14]))).toEqual([11, 14]);
  });
});
