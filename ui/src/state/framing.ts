/**
 * How the crop in a recipe frames its photo. Pure. The studio works out the same sizes, to the pixel: tiles are asked for by them
 * (`framing_vectors.json` of `crates/photo` holds what both must arrive at).
 */
import type { Recipe, Step } from "../contract/generated";

export type Crop = Extract<Step, { step: "crop" }>;

/** Whole numbers: hundredths of a degree clockwise, ten-thousandths of the turned photo's sides. */
export interface Framing {
  turn: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Size {
  width: number;
  height: number;
}

const WHOLE = 10_000;
export const WHOLE_PHOTO: Crop = { step: "crop", degrees: 0, x: 0, y: 0, width: 1, height: 1 };

export const cropOf = (recipe: Recipe): Crop | null => recipe.steps.find((step): step is Crop => step.step === "crop") ?? null;

/** The recipe with another crop, or none. One that does nothing is left out. */
export function withCrop(recipe: Recipe, crop: Crop | null): Recipe {
  const others = recipe.steps.filter((step) => step.step !== "crop");
  return { version: recipe.version, steps: crop === null || framing(crop) === null ? others : [crop, ...others] };
}

/** The recipe with the photo turned as it is, and nothing cut off. */
export const uncut = (recipe: Recipe): Recipe => withCrop(recipe, { ...WHOLE_PHOTO, degrees: cropOf(recipe)?.degrees ?? 0 });

/** What the studio makes of the numbers, which reach it with 32 bits; null where the photo stays as it is. */
function framing(crop: Crop): Framing | null {
  const round = (value: number) => Math.sign(value) * Math.round(Math.abs(value));
  const [x, y] = [Math.fround(crop.x), Math.fround(crop.y)];
  const made = {
    turn: round(Math.fround(crop.degrees) * 100),
    left: round(x * WHOLE),
    top: round(y * WHOLE),
    right: round((x + Math.fround(crop.width)) * WHOLE),
    bottom: round((y + Math.fround(crop.height)) * WHOLE),
  };
  const none = made.turn === 0 && made.left === 0 && made.top === 0 && made.right === WHOLE && made.bottom === WHOLE;
  return none ? null : made;
}

export function framingOf(recipe: Recipe): Framing | null {
  const crop = cropOf(recipe);
  return crop === null ? null : framing(crop);
}

/** In the address of a tile. */
export const framingText = ({ turn, left, top, right, bottom }: Framing) => `${turn},${left},${top},${right},${bottom}`;

/** Pixels of a photo of this size once framed. */
export function framedSize(photo: Size, framing: Framing | null): Size {
  if (framing === null) return { width: photo.width, height: photo.height };
  const turned = turnedSize(photo, framing.turn);
  return { width: kept(turned.width, framing.left, framing.right).length, height: kept(turned.height, framing.top, framing.bottom).length };
}

/** Where the middle of a photo of this size lies in the framed photo, in its pixels, and by how much the photo is turned about it, in radians clockwise. */
export function placed(photo: Size, framing: Framing): { x: number; y: number; angle: number } {
  const turned = turnedSize(photo, framing.turn);
  return {
    x: turned.width / 2 - kept(turned.width, framing.left, framing.right).first,
    y: turned.height / 2 - kept(turned.height, framing.top, framing.bottom).first,
    angle: angleOf(framing.turn),
  };
}

const angleOf = (turn: number) => (turn * Math.PI) / 18_000;

/** The largest upright part of the photo's own shape inside the turned photo. */
function turnedSize({ width, height }: Size, turn: number): Size {
  if (turn === 0) return { width, height };
  const angle = Math.abs(angleOf(turn));
  const share = 1 / (Math.cos(angle) + Math.max(width / height, height / width) * Math.sin(angle));
  return { width: Math.max(1, Math.floor(width * share)), height: Math.max(1, Math.floor(height * share)) };
}

/** The first of the columns or rows between two edges, and how many there are. */
function kept(side: number, from: number, to: number): { first: number; length: number } {
  const at = (edge: number) => Math.floor((side * edge * 2 + WHOLE) / (2 * WHOLE));
  const first = Math.min(at(from), side - 1);
  return { first, length: Math.max(at(to), first + 1) - first };
}
