/**
 * What a person does to recipes: shown at once, sent on, and undone photo by photo.
 *
 * The studio's word is what counts; until it has taken over an edit, the edit is shown in its place (`pending`), so that a slider never
 * jumps back under the hand. A drag is one edit, however many steps it took.
 */
import { SvelteMap } from "svelte/reactivity";

import type { Photo, PhotoId, Recipe } from "../contract/generated";
import { cropOf, WHOLE_PHOTO, withCrop, type Crop } from "./framing";
import { sameRecipe, turn, type Knobs } from "./recipes";
import type { Studio } from "./studio.svelte";

/** What a photo's recipe was, or is to be. */
interface Entry {
  recipe: Recipe;
  auto: boolean;
}

interface History {
  past: Entry[];
  future: Entry[];
}

/** Most edits of a photo that can be undone. */
const DEEPEST = 200;
const DRAG_EVERY_MS = 50;
const LATE_EVENT_MS = 1500;

export class RecipeEdits {
  #studio: Studio;
  #pending = new SvelteMap<PhotoId, Entry>();
  #histories = new SvelteMap<PhotoId, History>();
  /** What the photos in an unfinished drag were before it. */
  #before: Map<PhotoId, Entry> | null = null;
  /** Counts the edits of a photo, so that an old reply cannot end a newer edit. */
  #turns = new Map<PhotoId, number>();
  #unsent = new Map<PhotoId, Entry>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** The recipe to show for a photo. */
  recipe(photo: Photo): Recipe {
    return this.#entry(photo).recipe;
  }

  /** Whether it is the one Auto chose. */
  isAuto(photo: Photo): boolean {
    return this.#entry(photo).auto;
  }

  #entry(photo: Photo): Entry {
    const pending = this.#pending.get(photo.id);
    return pending ?? { recipe: photo.recipe, auto: photo.auto };
  }

  /** Turns knobs on every one of the photos, each keeping the rest of its own recipe. */
  turn(photos: readonly Photo[], change: Partial<Knobs>): void {
    this.#edit(photos, (photo) => ({ recipe: turn(this.recipe(photo), change), auto: false }));
  }

  /** Gives every one of the photos this recipe. */
  set(photos: readonly Photo[], recipe: Recipe): void {
    this.#edit(photos, () => ({ recipe, auto: false }));
  }

  /** Gives every one of the photos these steps; what each keeps of itself stays. */
  preset(photos: readonly Photo[], recipe: Recipe): void {
    this.#edit(photos, (photo) => ({ recipe: withCrop(recipe, cropOf(this.recipe(photo))), auto: false }));
  }

  /** Changes what is kept of every one of the photos, of all alike or of each in its own way; null for all of it. */
  crop(photos: readonly Photo[], change: Partial<Crop> | null | ((photo: Photo) => Partial<Crop> | null)): void {
    this.#edit(photos, (photo) => {
      const now = this.recipe(photo);
      const wanted = typeof change === "function" ? change(photo) : change;
      const recipe = withCrop(now, wanted === null ? null : { ...(cropOf(now) ?? WHOLE_PHOTO), ...wanted });
      // What is kept of a photo is no business of Auto's: it goes on choosing the rest.
      return { recipe, auto: this.isAuto(photo) };
    });
  }

  /** The photo was changed by other means, from this: that can be undone as well. */
  changed(photo: Photo, from: Recipe, auto: boolean): void {
    this.#remember(photo.id, { recipe: from, auto });
  }

  /** Goes back on such a change, as if it had never been. It is sent whatever the photo seems to be: news of the change may still be on its way. */
  back(photo: Photo, recipe: Recipe, auto: boolean): void {
    this.#send([{ photo, entry: { recipe, auto } }]);
  }

  /** Lets Auto choose for every one of the photos. It has no say in what is kept of them. */
  auto(photos: readonly Photo[]): void {
    this.#edit(photos, (photo) => ({ recipe: withCrop(photo.assessment?.recipe ?? photo.recipe, cropOf(this.recipe(photo))), auto: true }));
  }

  /** From here on edits belong to one drag. */
  begin(photos: readonly Photo[]): void {
    this.#before = new Map(photos.map((photo) => [photo.id, this.#entry(photo)]));
  }

  /** The drag is over; it becomes one edit. */
  end(): void {
    this.#flush();
    const before = this.#before;
    this.#before = null;
    if (before === null) return;
    for (const [id, entry] of before) {
      const photo = this.#studio.photos.get(id);
      if (photo && !same(this.#entry(photo), entry)) this.#remember(id, entry);
    }
  }

  canUndo(photos: readonly Photo[]): boolean {
    return photos.some((photo) => (this.#histories.get(photo.id)?.past.length ?? 0) > 0);
  }

  canRedo(photos: readonly Photo[]): boolean {
    return photos.some((photo) => (this.#histories.get(photo.id)?.future.length ?? 0) > 0);
  }

  undo(photos: readonly Photo[]): void {
    this.#travel(photos, "past", "future");
  }

  redo(photos: readonly Photo[]): void {
    this.#travel(photos, "future", "past");
  }

  /** The studio has said what a photo is now: an edit that it has taken over need not be shown in its place any more. */
  settle(photo: Photo): void {
    const pending = this.#pending.get(photo.id);
    if (pending && this.#before === null && same(pending, { recipe: photo.recipe, auto: photo.auto })) this.#pending.delete(photo.id);
  }

  forget(photos: readonly PhotoId[]): void {
    for (const id of photos) {
      this.#pending.delete(id);
      this.#histories.delete(id);
      this.#turns.delete(id);
    }
  }

  #edit(photos: readonly Photo[], next: (photo: Photo) => Entry): void {
    const changes: { photo: Photo; entry: Entry }[] = [];
    for (const photo of photos) {
      const now = this.#entry(photo);
      const entry = next(photo);
      if (same(now, entry)) continue;
      if (this.#before === null) this.#remember(photo.id, now);
      changes.push({ photo, entry });
    }
    this.#send(changes);
  }

  #remember(id: PhotoId, entry: Entry): void {
    const past = [...(this.#histories.get(id)?.past ?? []), entry].slice(-DEEPEST);
    this.#histories.set(id, { past, future: [] });
  }

  #travel(photos: readonly Photo[], from: keyof History, to: keyof History): void {
    const changes: { photo: Photo; entry: Entry }[] = [];
    for (const photo of photos) {
      const history = this.#histories.get(photo.id);
      const entry = history?.[from].at(-1);
      if (!history || !entry) continue;
      const moved: History = { past: history.past, future: history.future };
      moved[from] = history[from].slice(0, -1);
      moved[to] = [...history[to], this.#entry(photo)];
      this.#histories.set(photo.id, moved);
      changes.push({ photo, entry });
    }
    this.#send(changes);
  }

  /** Shows the changes at once. During a drag they are sent on every so often, else at once. */
  #send(changes: { photo: Photo; entry: Entry }[]): void {
    for (const { photo, entry } of changes) {
      this.#pending.set(photo.id, entry);
      this.#unsent.set(photo.id, entry);
    }
    if (this.#before === null) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), DRAG_EVERY_MS);
  }

  /** Photos that get the same recipe travel in one command. */
  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const groups = new Map<string, { entry: Entry; ids: PhotoId[] }>();
    for (const [id, entry] of this.#unsent) {
      const key = entry.auto ? `auto ${JSON.stringify(cropOf(entry.recipe))}` : JSON.stringify(entry.recipe);
      const group = groups.get(key) ?? { entry, ids: [] };
      group.ids.push(id);
      groups.set(key, group);
    }
    this.#unsent.clear();
    for (const { entry, ids } of groups.values()) {
      const turns = ids.map((id) => {
        const count = (this.#turns.get(id) ?? 0) + 1;
        this.#turns.set(id, count);
        return count;
      });
      const sent = entry.auto ? this.#studio.useAuto(ids, cropOf(entry.recipe)) : this.#studio.setRecipe(ids, entry.recipe);
      const settleAll = () => {
        ids.forEach((id, index) => {
          if (this.#turns.get(id) === turns[index] && this.#before === null) this.#pending.delete(id);
        });
      };
      // The event that says so may come a little after the reply; a refusal is shown at once.
      sent.then(() => setTimeout(settleAll, LATE_EVENT_MS), settleAll);
    }
  }
}

function same(a: Entry, b: Entry): boolean {
  return a.auto === b.auto && sameRecipe(a.recipe, b.recipe);
}
