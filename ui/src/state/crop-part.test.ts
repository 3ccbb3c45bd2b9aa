import { describe, expect, it } from "vitest";

import { drawn, leastPart, moved, resized, shaped, shapeOf, SHAPES, tidy, WHOLE_PART, type Handle, type Part } from "./crop-part";

const PHOTO = { width: 3000, height: 2000 };
const LEAST = leastPart(PHOTO);
const HANDLES = [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => ({ x, y }) as Handle)).filter(({ x, y }) => x !== 0 || y !== 0);

/** Numbers that look like chance and are the same each time. */
function* chances(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    yield state / 4_294_967_296;
  }
}

function expectInside(part: Part) {
  expect(part.x).toBeGreaterThanOrEqual(-1e-9);
  expect(part.y).toBeGreaterThanOrEqual(-1e-9);
  expect(part.x + part.width).toBeLessThanOrEqual(1 + 1e-9);
  expect(part.y + part.height).toBeLessThanOrEqual(1 + 1e-9);
  expect(Math.min(part.width, part.height)).toBeGreaterThan(0);
}

describe("the part that is kept", () => {
  const part = { x: 0.2, y: 0.3, width: 0.4, height: 0.2 };

  it("is moved as far as the photo goes", () => {
    expect(moved(part, { x: 0.1, y: -0.1 })).toEqual({ ...part, x: expect.closeTo(0.3), y: expect.closeTo(0.2) });
    expect(moved(part, { x: 5, y: -5 })).toEqual({ ...part, x: expect.closeTo(0.6), y: 0 });
  });

  it("is pulled by an edge or a corner while the opposite one stays", () => {
    expect(resized(part, { x: 1, y: 0 }, { x: 0.9, y: 0 }, null, LEAST)).toEqual({ ...part, width: expect.closeTo(0.7) });
    expect(resized(part, { x: -1, y: -1 }, { x: 0.1, y: 0.1 }, null, LEAST)).toEqual({
      x: 0.1,
      y: 0.1,
      width: expect.closeTo(0.5),
      height: expect.closeTo(0.4),
    });
    // Pulled past the opposite edge it becomes small, never inside out.
    expect(resized(part, { x: -1, y: 0 }, { x: 0.9, y: 0 }, null, LEAST).width).toBeCloseTo(LEAST.width);
  });

  it("keeps a shape and stays inside, whatever is pulled wherever", () => {
    const chance = chances(7);
    for (let turn = 0; turn < 2000; turn += 1) {
      const next = () => chance.next().value;
      const shape = next() < 0.3 ? null : 0.25 + 3 * next();
      const [width, height] = [0.05 + 0.9 * next(), 0.05 + 0.9 * next()];
      const from = { x: next() * (1 - width), y: next() * (1 - height), width, height };
      const to = { x: next() * 2 - 0.5, y: next() * 2 - 0.5 };
      const pulled = resized(from, HANDLES[turn % HANDLES.length]!, to, shape, LEAST);
      expectInside(pulled);
      if (shape !== null) expect(pulled.width / pulled.height).toBeCloseTo(shape, 6);
      const made = drawn({ x: next(), y: next() }, to, shape, LEAST);
      expectInside(made);
      if (shape !== null) {
        expect(made.width / made.height).toBeCloseTo(shape, 6);
        const brought = shaped(from, shape);
        expectInside(brought);
        expect(brought.width / brought.height).toBeCloseTo(shape, 6);
        expect(brought.width * brought.height).toBeLessThanOrEqual(width * height + 1e-9);
      }
      const kept = tidy(pulled);
      expect(kept.x + kept.width).toBeLessThanOrEqual(1);
      expect(kept.y + kept.height).toBeLessThanOrEqual(1);
    }
  });

  it("is drawn anew from any corner to any other", () => {
    const expected = { x: expect.closeTo(0.2), y: expect.closeTo(0.3), width: expect.closeTo(0.4), height: expect.closeTo(0.2) };
    expect(drawn({ x: 0.2, y: 0.3 }, { x: 0.6, y: 0.5 }, null, LEAST)).toEqual(expected);
    expect(drawn({ x: 0.6, y: 0.5 }, { x: 0.2, y: 0.3 }, null, LEAST)).toEqual(expected);
    expect(drawn({ x: 0.6, y: 0.3 }, { x: 0.2, y: 0.5 }, null, LEAST)).toEqual(expected);
  });

  it("takes the whole photo's middle when a shape is chosen for it", () => {
    const square = shapeOf("1:1", false, PHOTO)!;
    expect(shaped(WHOLE_PART, square)).toEqual({ x: expect.closeTo(1 / 6), y: 0, width: expect.closeTo(2 / 3), height: 1 });
    // The photo's own shape is the whole of it.
    expect(shaped(WHOLE_PART, shapeOf("photo", false, PHOTO)!)).toEqual(WHOLE_PART);
  });

  it("has shapes that are what they are called, in pixels, lying and standing, of photos that lie or stand", () => {
    for (const photo of [PHOTO, { width: 2000, height: 3000 }]) {
      for (const shape of SHAPES.slice(2)) {
        const [width, height] = shape.split(":").map(Number) as [number, number];
        const pixels = (upright: boolean) => (shapeOf(shape, upright, photo)! * photo.width) / photo.height;
        expect(pixels(false)).toBeCloseTo(width / height);
        expect(pixels(true)).toBeCloseTo(height / width);
      }
      expect((shapeOf("photo", photo.height > photo.width, photo)! * photo.width) / photo.height).toBeCloseTo(photo.width / photo.height);
    }
    expect(shapeOf("free", false, PHOTO)).toBeNull();
  });

  it("can never be nothing, not even of a photo of one pixel", () => {
    const least = leastPart({ width: 1, height: 1 });
    expect(least).toEqual({ width: 1, height: 1 });
    expect(drawn({ x: 0.5, y: 0.5 }, { x: 0.6, y: 0.6 }, null, least)).toEqual(WHOLE_PART);
    expect(resized(WHOLE_PART, { x: -1, y: -1 }, { x: 0.6, y: 0.6 }, null, least)).toEqual(WHOLE_PART);
  });
});
