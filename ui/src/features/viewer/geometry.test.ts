import { describe, expect, it } from "vitest";

import {
  clampCamera,
  coarsestLevel,
  fitScale,
  grid,
  levelFor,
  mapBox,
  panBy,
  photoBox,
  seenOf,
  tileBox,
  tilesIn,
  toPhoto,
  toScreen,
  visibleBox,
  wheelFactor,
  zoomTo,
  type Camera,
} from "./geometry";

const photo = { width: 6048, height: 4032 };
const pane = { width: 900, height: 700 };

describe("fitting", () => {
  it("leaves the margins free on the tighter side", () => {
    const scale = fitScale(photo, pane, { x: 24, y: 24 }, 1);
    expect(scale * photo.width).toBeCloseTo(900 - 48);
    expect(scale * photo.height).toBeLessThan(700 - 48);
  });

  it("never blows a small photo up", () => {
    expect(fitScale({ width: 40, height: 30 }, pane, { x: 0, y: 0 }, 0.5)).toBe(0.5);
  });

  it("survives a pane without size", () => {
    expect(fitScale(photo, { width: 0, height: 0 }, { x: 24, y: 24 }, 1)).toBeGreaterThan(0);
  });
});

describe("zooming", () => {
  it.each([
    { x: 0, y: 0 },
    { x: 450, y: 350 },
    { x: 899, y: 12 },
  ])("keeps the photo pixel under the cursor at $x, $y", (at) => {
    const camera: Camera = { x: 2000, y: 1500, scale: 0.2 };
    const under = toPhoto(camera, pane, at);
    const after = zoomTo(camera, pane, 1.7, at);
    expect(toPhoto(after, pane, at).x).toBeCloseTo(under.x);
    expect(toPhoto(after, pane, at).y).toBeCloseTo(under.y);
    expect(after.scale).toBe(1.7);
  });

  it("goes in when the wheel turns away, and back by the same amount", () => {
    const zoomIn = wheelFactor({ deltaY: -100, deltaMode: 0, ctrlKey: false });
    expect(zoomIn).toBeGreaterThan(1);
    expect(zoomIn * wheelFactor({ deltaY: 100, deltaMode: 0, ctrlKey: false })).toBeCloseTo(1);
    expect(wheelFactor({ deltaY: -3, deltaMode: 1, ctrlKey: false })).toBeCloseTo(wheelFactor({ deltaY: -48, deltaMode: 0, ctrlKey: false }));
    expect(wheelFactor({ deltaY: -100000, deltaMode: 0, ctrlKey: true })).toBeLessThan(4);
  });

  it("turns screen into photo and back", () => {
    const camera: Camera = { x: 100, y: 40, scale: 3 };
    const back = toScreen(camera, pane, toPhoto(camera, pane, { x: 12, y: 34 }));
    expect(back.x).toBeCloseTo(12);
    expect(back.y).toBeCloseTo(34);
  });
});

describe("moving", () => {
  it("follows the hand", () => {
    const camera: Camera = { x: 3000, y: 2000, scale: 0.5 };
    const moved = panBy(camera, { x: 50, y: -20 });
    expect(toScreen(moved, pane, { x: 3000, y: 2000 }).x).toBeCloseTo(450 + 50);
    expect(toScreen(moved, pane, { x: 3000, y: 2000 }).y).toBeCloseTo(350 - 20);
  });

  it("never leaves a gap where the photo is larger than the pane", () => {
    const far = clampCamera({ x: -9999, y: 99999, scale: 1 }, pane, photo);
    const box = photoBox(far, pane, photo);
    expect(box.x).toBeCloseTo(0);
    expect(box.y + box.height).toBeCloseTo(pane.height);
  });

  it("centres the photo where it is smaller than the pane", () => {
    const camera = clampCamera({ x: 10, y: 10, scale: 0.05 }, pane, photo);
    const box = photoBox(camera, pane, photo);
    expect(box.x).toBeCloseTo((pane.width - box.width) / 2);
    expect(box.y).toBeCloseTo((pane.height - box.height) / 2);
  });
});

describe("tiles", () => {
  it("chooses the coarsest level that is as sharp as the screen", () => {
    expect(levelFor(1, photo)).toBe(0);
    expect(levelFor(4, photo)).toBe(0);
    expect(levelFor(0.51, photo)).toBe(0);
    expect(levelFor(0.5, photo)).toBe(1);
    expect(levelFor(0.14, photo)).toBe(2);
    expect(levelFor(0.0001, photo)).toBe(coarsestLevel(photo));
  });

  it("ends the pyramid with a single tile", () => {
    expect(coarsestLevel({ width: 512, height: 512 })).toBe(0);
    expect(coarsestLevel({ width: 513, height: 2 })).toBe(1);
    expect(grid(photo, coarsestLevel(photo))).toEqual({ columns: 1, rows: 1 });
    expect(grid(photo, coarsestLevel(photo) - 1)).not.toEqual({ columns: 1, rows: 1 });
  });

  it("covers the photo exactly, with smaller tiles at the right and at the bottom", () => {
    for (const level of [0, 1, 3]) {
      const { columns, rows } = grid(photo, level);
      let area = 0;
      for (let y = 0; y < rows; y += 1) {
        for (let x = 0; x < columns; x += 1) {
          const box = tileBox(photo, level, { x, y });
          area += box.width * box.height;
          expect(box.width).toBeGreaterThan(0);
          expect(box.height).toBeGreaterThan(0);
        }
      }
      expect(area).toBe(photo.width * photo.height);
    }
  });

  it("asks for what is seen, from the centre outwards", () => {
    const seen = { x: 1000, y: 1000, width: 1600, height: 1100 };
    const tiles = tilesIn(photo, 0, seen);
    const centre = { x: 1800, y: 1550 };
    const distances = tiles.map((tile) => Math.hypot((tile.x + 0.5) * 512 - centre.x, (tile.y + 0.5) * 512 - centre.y));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(tiles[0]).toEqual({ x: 3, y: 3 });
    expect(tiles).toHaveLength(5 * 4);
    expect(tiles.every((tile) => tile.x >= 1 && tile.x <= 5 && tile.y >= 1 && tile.y <= 4)).toBe(true);
  });

  it("asks for nothing outside the photo", () => {
    const all = tilesIn({ width: 600, height: 500 }, 0, { x: -500, y: -500, width: 5000, height: 5000 });
    expect(all).toHaveLength(2);
    expect(tilesIn(photo, 0, { x: 9000, y: 9000, width: 10, height: 10 })).toEqual([]);
  });

  it("knows what is seen", () => {
    const camera: Camera = { x: 3024, y: 2016, scale: 1 };
    expect(seenOf(camera, pane, photo)).toEqual({ x: 3024 - 450, y: 2016 - 350, width: 900, height: 700 });
    const whole = seenOf({ x: 3024, y: 2016, scale: 0.1 }, pane, photo);
    expect(whole).toEqual({ x: 0, y: 0, width: 6048, height: 4032 });
    expect(visibleBox({ x: 3024, y: 2016, scale: 0.1 }, pane, photo).width).toBeCloseTo(604.8);
  });

  it("maps the photo onto a larger result", () => {
    expect(mapBox({ x: 10, y: 20, width: 30, height: 40 }, photo, { width: 12096, height: 8064 })).toEqual({ x: 20, y: 40, width: 60, height: 80 });
  });
});
