import { describe, expect, it } from "vitest";

import vectors from "../../../crates/photo/src/framing/framing_vectors.json";
import type { Recipe } from "../contract/generated";
import { cropOf, framedSize, framingOf, framingText, placed, uncut, WHOLE_PHOTO, withCrop } from "./framing";

const recipe: Recipe = { version: 1, steps: [{ step: "tone", strength: 0.5 }] };

describe("framing", () => {
  it("gives the sizes that the studio gives", () => {
    expect(vectors.length).toBeGreaterThanOrEqual(40);
    for (const { photo, turn, edges, framed } of vectors) {
      const [left, top, right, bottom] = edges as [number, number, number, number];
      const size = framedSize({ width: photo[0]!, height: photo[1]! }, { turn, left, top, right, bottom });
      expect([size.width, size.height], JSON.stringify({ photo, turn, edges })).toEqual(framed);
    }
  });

  it("places the photo so that what is kept of it has no empty corner", () => {
    for (const { photo, turn, edges, framed } of vectors) {
      const [left, top, right, bottom] = edges as [number, number, number, number];
      const [width, height] = photo as [number, number];
      const { x, y, angle } = placed({ width, height }, { turn, left, top, right, bottom });
      for (const [across, down] of [[0, 0], [framed[0]!, 0], [0, framed[1]!], [framed[0]!, framed[1]!]] as [number, number][]) {
        // Back from the framed photo to the photo: turned anticlockwise about the middle.
        const u = Math.cos(angle) * (across - x) + Math.sin(angle) * (down - y);
        const v = Math.cos(angle) * (down - y) - Math.sin(angle) * (across - x);
        // A side is at least a pixel, and cut to whole pixels.
        expect(Math.abs(u), JSON.stringify({ photo, turn, edges })).toBeLessThanOrEqual(width / 2 + 1);
        expect(Math.abs(v), JSON.stringify({ photo, turn, edges })).toBeLessThanOrEqual(height / 2 + 1);
      }
    }
    expect(placed({ width: 300, height: 200 }, { turn: 0, left: 1000, top: 5000, right: 10_000, bottom: 10_000 })).toEqual({ x: 120, y: 0, angle: 0 });
    expect(placed({ width: 300, height: 200 }, { turn: 900, left: 0, top: 0, right: 10_000, bottom: 10_000 }).angle).toBeCloseTo(Math.PI / 20);
  });

  it("reads the numbers as the studio reads them", () => {
    const cropped = withCrop(recipe, { step: "crop", degrees: -1.25, x: 0.1, y: 0.2, width: 0.5, height: 0.8 });
    expect(framingText(framingOf(cropped)!)).toBe("-125,1000,2000,6000,10000");
    expect(framedSize({ width: 300, height: 200 }, framingOf(recipe))).toEqual({ width: 300, height: 200 });
  });

  it("puts a crop first, in the place of the one before, and leaves out one that does nothing", () => {
    const cropped = withCrop(recipe, { ...WHOLE_PHOTO, degrees: 1 });
    expect(cropped.steps.map((step) => step.step)).toEqual(["crop", "tone"]);
    expect(cropOf(withCrop(cropped, { ...WHOLE_PHOTO, degrees: 2 }))!.degrees).toBe(2);
    expect(withCrop(cropped, null)).toEqual(recipe);
    expect(cropOf(uncut(withCrop(recipe, { ...WHOLE_PHOTO, degrees: 3, x: 0.5, width: 0.5 })))).toEqual({ ...WHOLE_PHOTO, degrees: 3 });
    expect(uncut(recipe)).toEqual(recipe);
    expect(withCrop(cropped, { ...WHOLE_PHOTO, degrees: 0.003 })).toEqual(recipe);
  });
});
