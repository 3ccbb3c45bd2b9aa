import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FAKE_AUTO, FakeStudio } from "../platform/fake/studio";
import { RecipeEdits } from "./edits.svelte";
import { WHOLE_PHOTO } from "./framing";
import { knobsOf } from "./recipes";
import { Studio } from "./studio.svelte";

describe("recipe edits", () => {
  let fake: FakeStudio;
  let studio: Studio;
  let edits: RecipeEdits;
  const photo = (index: number) => studio.list[index]!;
  const knobs = (index: number) => knobsOf(edits.recipe(photo(index)));
  const sent = () => fake.calls.filter((call) => call.name === "set_recipe" || call.name === "use_auto");

  beforeEach(async () => {
    vi.useFakeTimers();
    fake = new FakeStudio();
    fake.put("/photos/a.jpg");
    fake.put("/photos/b.jpg", { recipe: { version: 1, steps: [{ step: "tone", strength: 0.2 }] }, auto: false });
    studio = new Studio(fake);
    await studio.connect();
    edits = new RecipeEdits(studio);
    studio.hear({ photoChanged: (changed) => edits.settle(changed) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is shown before the studio has answered, and stays afterwards", async () => {
    edits.turn([photo(0)], { denoise: 80 });
    expect(knobs(0).denoise).toBe(80);
    expect(edits.isAuto(photo(0))).toBe(false);
    await vi.runAllTimersAsync();
    expect(knobs(0).denoise).toBe(80);
    expect(knobsOf(photo(0).recipe).denoise).toBe(80);
  });

  it("is taken back when the studio refuses it", async () => {
    vi.spyOn(fake, "call").mockRejectedValue({ code: "recipe_invalid", message: "No.", retryable: false });
    edits.turn([photo(0)], { denoise: 80 });
    await vi.runAllTimersAsync();
    expect(knobs(0).denoise).toBe(48);
  });

  it("keeps the rest of each photo's own recipe when several are edited", () => {
    edits.turn([photo(0), photo(1)], { detail: 70 });
    expect(knobs(0)).toMatchObject({ tone: 58, denoise: 48, detail: 70 });
    expect(knobs(1)).toMatchObject({ tone: 20, denoise: 0, detail: 70 });
  });

  it("undoes and does again, photo by photo", () => {
    edits.turn([photo(0)], { denoise: 10 });
    edits.turn([photo(0), photo(1)], { tone: 90 });
    expect(edits.canUndo([photo(1)])).toBe(true);
    edits.undo([photo(0)]);
    expect(knobs(0)).toMatchObject({ tone: 58, denoise: 10 });
    expect(knobs(1).tone).toBe(90);
    edits.undo([photo(0)]);
    expect(knobs(0).denoise).toBe(48);
    expect(edits.isAuto(photo(0))).toBe(true);
    expect(edits.canUndo([photo(0)])).toBe(false);
    edits.redo([photo(0)]);
    edits.redo([photo(0)]);
    expect(knobs(0)).toMatchObject({ tone: 90, denoise: 10 });
    expect(edits.canRedo([photo(0)])).toBe(false);
  });

  it("forgets what could be done again once something else is done", () => {
    edits.turn([photo(0)], { denoise: 10 });
    edits.undo([photo(0)]);
    edits.turn([photo(0)], { denoise: 20 });
    expect(edits.canRedo([photo(0)])).toBe(false);
  });

  it("makes one edit of a drag and does not flood the studio", async () => {
    edits.begin([photo(0)]);
    for (let value = 1; value <= 40; value += 1) edits.turn([photo(0)], { denoise: value });
    expect(knobs(0).denoise).toBe(40);
    expect(sent()).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(60);
    expect(sent()).toHaveLength(1);
    edits.turn([photo(0)], { denoise: 45 });
    edits.end();
    expect(sent()).toHaveLength(2);
    expect(knobsOf((sent()[1]!.request as { recipe: typeof FAKE_AUTO }).recipe).denoise).toBe(45);
    edits.undo([photo(0)]);
    expect(knobs(0).denoise).toBe(48);
  });

  it("does not count a drag that ends where it began", () => {
    edits.begin([photo(0)]);
    edits.turn([photo(0)], { denoise: 90 });
    edits.set([photo(0)], FAKE_AUTO);
    edits.end();
    edits.undo([photo(0)]);
    expect(knobs(0).denoise).toBe(48);
  });

  it("sends equal recipes in one command", () => {
    edits.set([photo(0), photo(1)], { version: 1, steps: [] });
    expect(sent()).toHaveLength(1);
    expect(sent()[0]!.request).toMatchObject({ photos: [photo(0).id, photo(1).id] });
  });

  it("leaves what is kept of a photo to the person, and the rest to Auto", () => {
    edits.auto([photo(0)]);
    edits.crop([photo(0)], { degrees: 2 });
    expect(edits.isAuto(photo(0))).toBe(true);
    expect(edits.recipe(photo(0)).steps).toEqual([{ ...WHOLE_PHOTO, degrees: 2 }, ...FAKE_AUTO.steps]);
    expect(sent().at(-1)).toMatchObject({ name: "use_auto", request: { crop: { degrees: 2 } } });
    edits.preset([photo(0)], { version: 1, steps: [] });
    expect(edits.recipe(photo(0)).steps.map((step) => step.step)).toEqual(["crop"]);
    edits.undo([photo(0)]);
    edits.undo([photo(0)]);
    expect(edits.recipe(photo(0))).toEqual(FAKE_AUTO);
  });

  it("lets Auto choose again", () => {
    edits.turn([photo(0)], { denoise: 1 });
    edits.auto([photo(0)]);
    expect(edits.isAuto(photo(0))).toBe(true);
    expect(edits.recipe(photo(0))).toEqual(FAKE_AUTO);
    expect(sent().at(-1)!.name).toBe("use_auto");
  });
});
