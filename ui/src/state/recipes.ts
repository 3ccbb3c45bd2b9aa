/**
 * Recipes as knobs: the panel's view of a recipe, and back. Pure; nothing here knows of photos or of the studio.
 *
 * A recipe's own order of steps and its named models are kept; a step that a person switches on is put where it belongs: first restore,
 * then light and colour, then upscale. A crop is no knob: it stays the first step, whatever is turned. Strengths are shown as whole numbers from 0 to 100.
 */
import { RECIPE_VERSION, type Recipe, type Step } from "../contract/generated";
import { cropOf, framingOf, withCrop } from "./framing";

/** A strength the panel shows. */
export type Knob = "tone" | "denoise" | "detail" | "upscale";

export const KNOBS: readonly Knob[] = ["tone", "denoise", "detail", "upscale"];

export type Scale = 1 | 2 | 4;

export interface Knobs {
  /** 0 to 100; 0 is off. */
  tone: number;
  denoise: number;
  detail: number;
  /** Strength of the enlargement; says something only when `scale` is above 1. */
  upscale: number;
  scale: Scale;
}

const ORDER: Record<Exclude<Step["step"], "crop">, number> = { restore: 0, tone: 1, upscale: 2 };

/** Strength of a step that is switched on without Auto having an opinion. */
export const DEFAULT_STRENGTH: Record<Knob, number> = { tone: 50, denoise: 50, detail: 50, upscale: 100 };

export const EMPTY_RECIPE: Recipe = { version: RECIPE_VERSION, steps: [] };

const toShown = (strength: number) => Math.round(Math.min(1, Math.max(0, strength)) * 100);
const toStrength = (shown: number) => Math.round(Math.min(100, Math.max(0, shown))) / 100;

export function knobsOf(recipe: Recipe): Knobs {
  const knobs: Knobs = { tone: 0, denoise: 0, detail: 0, upscale: DEFAULT_STRENGTH.upscale, scale: 1 };
  for (const step of recipe.steps) {
    if (step.step === "restore") {
      knobs.denoise = toShown(step.denoise);
      knobs.detail = toShown(step.detail);
    } else if (step.step === "tone") {
      knobs.tone = toShown(step.strength);
    } else if (step.step === "upscale") {
      knobs.scale = step.scale >= 4 ? 4 : step.scale >= 2 ? 2 : 1;
      knobs.upscale = toShown(step.strength);
    }
  }
  return knobs;
}

/** The recipe with some knobs turned. What is not turned stays exactly as it was, models and odd strengths included. */
export function turn(recipe: Recipe, change: Partial<Knobs>): Recipe {
  const now = knobsOf(recipe);
  const next = { ...now, ...change };
  const restore = recipe.steps.find((step) => step.step === "restore");
  const tone = recipe.steps.find((step) => step.step === "tone");
  const upscale = recipe.steps.find((step) => step.step === "upscale");
  const kept = (from: number | undefined, was: number, is: number) => (from !== undefined && was === is ? from : toStrength(is));

  const wanted: Exclude<Step, { step: "crop" }>[] = [];
  if (next.denoise > 0 || next.detail > 0) {
    wanted.push({
      ...(restore ?? { step: "restore" as const }),
      denoise: kept(restore?.denoise, now.denoise, next.denoise),
      detail: kept(restore?.detail, now.detail, next.detail),
    });
  }
  if (next.tone > 0) wanted.push({ ...(tone ?? { step: "tone" as const }), strength: kept(tone?.strength, now.tone, next.tone) });
  if (next.scale > 1) {
    // A model belongs to one scale: it goes when the scale changes.
    const { model: _model, ...bare } = upscale ?? { step: "upscale" as const, scale: next.scale, strength: 1 };
    const base = upscale?.scale === next.scale ? upscale : { ...bare, scale: next.scale };
    wanted.push({ ...base, strength: kept(upscale?.strength, now.upscale, next.upscale) });
  }

  const before: string[] = recipe.steps.map((step) => step.step);
  const steps = wanted.filter((step) => before.includes(step.step)).sort((a, b) => before.indexOf(a.step) - before.indexOf(b.step));
  for (const step of wanted.filter((step) => !before.includes(step.step))) {
    const later = steps.findIndex((other) => ORDER[other.step] > ORDER[step.step]);
    steps.splice(later < 0 ? steps.length : later, 0, step);
  }
  return withCrop({ version: recipe.version, steps }, cropOf(recipe));
}

/** Whether two recipes do the same. Strengths pass through 32-bit numbers on their way, so they are compared with a little room. */
export function sameRecipe(a: Recipe, b: Recipe): boolean {
  return a.version === b.version && a.steps.length === b.steps.length && a.steps.every((step, index) => sameStep(step, b.steps[index]!));
}

const near = (a: number, b: number) => Math.abs(a - b) < 1e-4;

function sameStep(a: Step, b: Step): boolean {
  if (a.step === "crop") return b.step === "crop" && (["degrees", "x", "y", "width", "height"] as const).every((part) => near(a[part], b[part]));
  if (b.step === "crop") return false;
  if (a.model !== b.model) return false;
  if (a.step === "restore" && b.step === "restore") return near(a.denoise, b.denoise) && near(a.detail, b.detail);
  if (a.step === "tone" && b.step === "tone") return near(a.strength, b.strength);
  if (a.step === "upscale" && b.step === "upscale") return a.scale === b.scale && near(a.strength, b.strength);
  return false;
}

/** Whether the recipe leaves the photo as it is. */
export function isUntouched(recipe: Recipe): boolean {
  const knobs = knobsOf(recipe);
  return knobs.tone === 0 && knobs.denoise === 0 && knobs.detail === 0 && knobs.scale === 1 && framingOf(recipe) === null;
}

/** How much larger the result is. */
export function scaleOf(recipe: Recipe): Scale {
  return knobsOf(recipe).scale;
}

/** Whether any knob that is on stands where Auto put it: then Auto still has a say. */
export function autoHasASay(recipe: Recipe, auto: Recipe): boolean {
  const is = knobsOf(recipe);
  const chosen = knobsOf(auto);
  return (["tone", "denoise", "detail"] as const).some((knob) => is[knob] > 0 && is[knob] === chosen[knob]) || (is.scale > 1 && is.scale === chosen.scale);
}

/** "Light & colour 58, Denoise 34" in the given words; for lists. */
export function describe(recipe: Recipe, names: Record<Knob | "crop", string>, nothing: string): string {
  const knobs = knobsOf(recipe);
  const parts: string[] = framingOf(recipe) === null ? [] : [names.crop];
  if (knobs.tone > 0) parts.push(`${names.tone} ${knobs.tone}`);
  if (knobs.denoise > 0) parts.push(`${names.denoise} ${knobs.denoise}`);
  if (knobs.detail > 0) parts.push(`${names.detail} ${knobs.detail}`);
  if (knobs.scale > 1) parts.push(`${names.upscale} ${knobs.scale}×`);
  return parts.join(", ") || nothing;
}
