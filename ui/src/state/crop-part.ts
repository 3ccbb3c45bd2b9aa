/**
 * The part of a photo that is kept, while a hand draws it: moved, resized, brought into a shape; always within the photo. Pure.
 *
 * Everything is in fractions of the turned photo's sides. A shape is the part's width by its height in those fractions, null for any.
 */
import type { Crop } from "./framing";

interface Point {
  x: number;
  y: number;
}

interface Size {
  width: number;
  height: number;
}

export type Part = Pick<Crop, "x" | "y" | "width" | "height">;

/** Which edges move: −1 the left or upper one, 1 the right or lower one, 0 neither. */
export interface Handle {
  x: -1 | 0 | 1;
  y: -1 | 0 | 1;
}

export const WHOLE_PART: Part = { x: 0, y: 0, width: 1, height: 1 };

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));

/** Smallest part of a photo of this size: 16 pixels, and no less than a fiftieth. */
export function leastPart(photo: Size): Size {
  return { width: clamp(16 / photo.width, 0.02, 1), height: clamp(16 / photo.height, 0.02, 1) };
}

export function moved(part: Part, by: Point): Part {
  return { ...part, x: clamp(part.x + by.x, 0, 1 - part.width), y: clamp(part.y + by.y, 0, 1 - part.height) };
}

/** With a handle pulled to a point; the opposite edge or corner stays. */
export function resized(part: Part, handle: Handle, to: Point, shape: number | null, least: Size): Part {
  if (shape === null) return freely(part, handle, to, least);
  const across = along(part.x, part.width, handle.x);
  const down = along(part.y, part.height, handle.y);
  const wanted = Math.max(handle.x === 0 ? 0 : (to.x - across.from) * handle.x, handle.y === 0 ? 0 : (to.y - down.from) * handle.y * shape);
  const most = Math.min(across.room, down.room * shape);
  const width = clamp(wanted, Math.min(most, Math.max(least.width, least.height * shape)), most);
  const height = width / shape;
  return { x: begin(across.from, width, handle.x), y: begin(down.from, height, handle.y), width, height };
}

/** What stays of an axis, and how far the part may reach from there; where neither edge is pulled, its middle stays as far as there is room. */
function along(start: number, length: number, pulled: -1 | 0 | 1): { from: number; room: number } {
  if (pulled === 0) return { from: start + length / 2, room: 1 };
  return pulled > 0 ? { from: start, room: 1 - start } : { from: start + length, room: start + length };
}

function begin(from: number, length: number, pulled: -1 | 0 | 1): number {
  if (pulled === 0) return clamp(from - length / 2, 0, 1 - length);
  return pulled > 0 ? from : from - length;
}

function freely(part: Part, handle: Handle, to: Point, least: Size): Part {
  const axis = (start: number, length: number, pulled: -1 | 0 | 1, at: number, smallest: number): [number, number] => {
    if (pulled === 0) return [start, length];
    if (pulled > 0) return [start, clamp(at, Math.min(1, start + smallest), 1) - start];
    const end = start + length;
    const edge = clamp(at, 0, Math.max(0, end - smallest));
    return [edge, end - edge];
  };
  const [x, width] = axis(part.x, part.width, handle.x, to.x, least.width);
  const [y, height] = axis(part.y, part.height, handle.y, to.y, least.height);
  return { x, y, width, height };
}

/** A new part drawn from one point to another, wherever that lies from it. */
export function drawn(from: Point, to: Point, shape: number | null, least: Size): Part {
  const handle: Handle = { x: to.x < from.x ? -1 : 1, y: to.y < from.y ? -1 : 1 };
  const start = (at: number, pulled: number, smallest: number) => (pulled > 0 ? clamp(at, 0, 1 - smallest) : clamp(at, smallest, 1));
  const at = { x: start(from.x, handle.x, least.width), y: start(from.y, handle.y, least.height) };
  return resized({ ...at, width: 0, height: 0 }, handle, to, shape, least);
}

/** The part brought into a shape: as large as it was, as far as there is room, about its middle. */
export function shaped(part: Part, shape: number): Part {
  const area = part.width * part.height;
  const width = Math.min(1, shape, Math.sqrt(area * shape));
  const height = width / shape;
  return {
    x: clamp(part.x + (part.width - width) / 2, 0, 1 - width),
    y: clamp(part.y + (part.height - height) / 2, 0, 1 - height),
    width,
    height,
  };
}

/** Rounded to what a recipe keeps: a ten-thousandth of a side. */
export function tidy(part: Part): Part {
  const at = (value: number) => Math.round(value * 10_000) / 10_000;
  const side = (start: number, length: number): [number, number] => [at(start), at(at(start + length) - at(start))];
  const [x, width] = side(part.x, part.width);
  const [y, height] = side(part.y, part.height);
  return { x, y, width, height };
}

/** Shapes to choose from, as width by height of a lying photo; "photo" is the photo's own. */
export const SHAPES = ["free", "photo", "1:1", "5:4", "4:3", "3:2", "16:9"] as const;
export type Shape = (typeof SHAPES)[number];

/** A shape in fractions of a photo's sides; `upright` has it stand. */
export function shapeOf(shape: Shape, upright: boolean, photo: Size): number | null {
  if (shape === "free") return null;
  const [width, height] = shape === "photo" ? [photo.width, photo.height] : (shape.split(":").map(Number) as [number, number]);
  const lying = Math.max(width, height) / Math.min(width, height);
  return ((upright ? 1 / lying : lying) * photo.height) / photo.width;
}
