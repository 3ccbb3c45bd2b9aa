import { describe, expect, it } from "vitest";

import { PRESETS, type Recipe } from "../contract/generated";
import { autoHasASay, describe as inWords, EMPTY_RECIPE, isUntouched, knobsOf, sameRecipe, scaleOf, turn } from "./recipes";

const full: Recipe = {
  version: 1,
  steps: [
    { step: "tone", strength: 0.583, model: "my-tone" },
    { step: "restore", denoise: 0.5, detail: 0.25 },
    { step: "upscale", scale: 2, strength: 1, model: "upscale-2x" },
  ],
};

describe("knobs", () => {
  it("shows strengths as whole numbers and absent steps as off", () => {
    expect(knobsOf(full)).toEqual({ tone: 58, denoise: 50, detail: 25, upscale: 100, scale: 2 });
    expect(knobsOf(EMPTY_RECIPE)).toEqual({ tone: 0, denoise: 0, detail: 0, upscale: 100, scale: 1 });
  });

  it("keeps the order, the models and what was not turned exactly", () => {
    const turned = turn(full, { denoise: 60 });
    expect(turned.steps.map((step) => step.step)).toEqual(["tone", "restore", "upscale"]);
    expect(turned.steps[0]).toEqual({ step: "tone", strength: 0.583, model: "my-tone" });
    expect(turned.steps[1]).toEqual({ step: "restore", denoise: 0.6, detail: 0.25 });
  });

  it("drops a step that does nothing and puts a new one where it belongs", () => {
    expect(turn(full, { denoise: 0 }).steps).toHaveLength(3);
    expect(turn(full, { denoise: 0, detail: 0 }).steps.map((step) => step.step)).toEqual(["tone", "upscale"]);
    const built = turn(turn(turn(EMPTY_RECIPE, { scale: 4 }), { tone: 40 }), { detail: 10 });
    expect(built.steps.map((step) => step.step)).toEqual(["restore", "tone", "upscale"]);
  });

  it("lets a model go that belongs to another scale", () => {
    const four = turn(full, { scale: 4 }).steps.find((step) => step.step === "upscale");
    expect(four).toEqual({ step: "upscale", scale: 4, strength: 1 });
    expect(turn(full, { upscale: 50 }).steps.find((step) => step.step === "upscale")).toEqual({ step: "upscale", scale: 2, strength: 0.5, model: "upscale-2x" });
  });

  it("never leaves the range", () => {
    const steps = turn(EMPTY_RECIPE, { tone: 700, denoise: -3 }).steps;
    expect(steps).toEqual([{ step: "tone", strength: 1 }]);
  });

  it("leaves a crop the first step, whatever is turned", () => {
    const crop = { step: "crop", degrees: 1.2, x: 0.1, y: 0, width: 0.9, height: 1 } as const;
    const cropped: Recipe = { version: 1, steps: [crop, ...full.steps] };
    expect(knobsOf(cropped)).toEqual(knobsOf(full));
    expect(turn(cropped, { tone: 0, scale: 4 }).steps.map((step) => step.step)).toEqual(["crop", "restore", "upscale"]);
    expect(turn({ version: 1, steps: [crop] }, { denoise: 20 }).steps).toEqual([crop, { step: "restore", denoise: 0.2, detail: 0 }]);
    expect(isUntouched({ version: 1, steps: [crop] })).toBe(false);
    expect(sameRecipe(cropped, { version: 1, steps: [{ ...crop, degrees: Math.fround(1.2) }, ...full.steps] })).toBe(true);
    expect(sameRecipe(cropped, { version: 1, steps: [{ ...crop, degrees: 1.3 }, ...full.steps] })).toBe(false);
    expect(inWords(cropped, { crop: "Cropped", tone: "Light", denoise: "D", detail: "E", upscale: "U" }, "nothing")).toMatch(/^Cropped, Light 58/);
  });

  it("does not change what it is given", () => {
    const before = JSON.stringify(full);
    turn(full, { tone: 3, scale: 1 });
    expect(JSON.stringify(full)).toBe(before);
  });
});

describe("comparing", () => {
  it("takes strengths that went through 32 bits for the same", () => {
    const travelled: Recipe = { version: 1, steps: [{ step: "tone", strength: Math.fround(0.58) }] };
    expect(sameRecipe(travelled, turn(EMPTY_RECIPE, { tone: 58 }))).toBe(true);
    expect(sameRecipe(travelled, turn(EMPTY_RECIPE, { tone: 59 }))).toBe(false);
    expect(sameRecipe(travelled, EMPTY_RECIPE)).toBe(false);
  });

  it("knows what leaves the photo as it is", () => {
    expect(isUntouched(EMPTY_RECIPE)).toBe(true);
    expect(isUntouched({ version: 1, steps: [{ step: "restore", denoise: 0, detail: 0 }] })).toBe(true);
    expect(PRESETS.length).toBeGreaterThan(3);
    expect(PRESETS.some((preset) => isUntouched(preset.recipe))).toBe(false);
    expect(PRESETS.map((preset) => scaleOf(preset.recipe))).toContain(4);
  });

  it("knows whether Auto still has a say", () => {
    expect(autoHasASay(turn(full, { denoise: 1 }), full)).toBe(true);
    expect(autoHasASay(turn(full, { denoise: 1, detail: 1, tone: 1, scale: 1 }), full)).toBe(false);
    expect(autoHasASay(EMPTY_RECIPE, full)).toBe(false);
  });

  it("says a recipe in words", () => {
    const names = { crop: "Cropped", tone: "Light", denoise: "Denoise", detail: "Detail", upscale: "Upscale" };
    expect(inWords(full, names, "nothing")).toBe("Light 58, Denoise 50, Detail 25, Upscale 2×");
    expect(inWords(EMPTY_RECIPE, names, "nothing")).toBe("nothing");
  });
});
