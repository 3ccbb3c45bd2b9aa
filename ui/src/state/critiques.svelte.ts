/** The critique or comparison that is open: what is chosen in it, and what is being tried on the photo. The history is the service's. */
import type { Photo, PhotoId, Problem, Recipe } from "../contract/generated";
import type { ComparisonView, CritiqueLine, CritiqueView, Dimension, PhotoRegion, Suggestion } from "../contract/generated";
import { asProblem } from "../platform";
import type { RecipeEdits } from "./edits.svelte";
import type { Studio } from "./studio.svelte";

/** The photo's recipe holds the suggestion; `before` is the recipe without it. */
interface RecipeTrial {
  kind: "recipe";
  suggestion: Suggestion;
  photo: PhotoId;
  before: Recipe;
  wasAuto: boolean;
}

/** A suggestion that is being shown on the photo. */
export type Trial =
  | RecipeTrial
  /** Drawn over the picture: the photo itself is not on the list. */
  | { kind: "crop"; suggestion: Suggestion; region: PhotoRegion }
  | { kind: "straighten"; suggestion: Suggestion; degrees: number };

export type Opened =
  | { kind: "nothing" }
  | { kind: "opening"; line: CritiqueLine }
  | { kind: "refused"; line: CritiqueLine; problem: Problem }
  /** `before` is the previous critique of the same photo, once it has been fetched. */
  | { kind: "critique"; view: CritiqueView; before: CritiqueView | null }
  | { kind: "comparison"; view: ComparisonView };

export class Critiques {
  opened = $state.raw<Opened>({ kind: "nothing" });
  /** Number of the chosen finding. */
  chosen = $state.raw<number | null>(null);
  dimension = $state.raw<Dimension | "all">("all");
  pins = $state.raw(true);
  trial = $state.raw<Trial | null>(null);

  readonly critique = $derived(this.opened.kind === "critique" ? this.opened.view.critique : null);
  /** The photo of the open critique, while it is on the list. */
  readonly photo = $derived.by((): Photo | null => {
    if (this.opened.kind !== "critique") return null;
    const { line } = this.opened.view;
    const { photo } = this.#studio.service.critiques.find((each) => each.id === line.id) ?? line;
    return photo === null ? null : (this.#studio.photos.get(photo) ?? null);
  });
  readonly findings = $derived.by(() => {
    const all = this.critique?.findings ?? [];
    return this.dimension === "all" ? all : all.filter((finding) => finding.dimension === this.dimension);
  });

  #studio: Studio;
  #edits: RecipeEdits;
  #turn = 0;
  /** Counts what is tried and taken back, so that a late answer is not taken for what is wanted now. */
  #attempt = 0;
  /** A suggestion is on its way to the photo. */
  #trying = false;
  /** What a photo's recipe holds on trial. Not state: a view that goes takes it back, and would read there what the trial was before it was kept. */
  #held: RecipeTrial | null = null;

  constructor(studio: Studio, edits: RecipeEdits) {
    this.#studio = studio;
    this.#edits = edits;
  }

  async open(line: CritiqueLine): Promise<void> {
    this.takeBack();
    const turn = ++this.#turn;
    this.opened = { kind: "opening", line };
    this.chosen = null;
    this.dimension = "all";
    this.pins = true;
    try {
      if (line.kind === "compare") {
        const view = await this.#studio.host.call("comparison", { id: line.id });
        if (turn === this.#turn) this.opened = { kind: "comparison", view };
        return;
      }
      const view = await this.#studio.host.call("critique", { id: line.id });
      if (turn !== this.#turn) return;
      this.opened = { kind: "critique", view, before: null };
      if (view.previous) await this.#fetchBefore(view, view.previous, turn);
    } catch (thrown) {
      if (turn === this.#turn) this.opened = { kind: "refused", line, problem: asProblem(thrown) };
    }
  }

  /** The previous version is a help, not a need: without it the strip below stays away. */
  async #fetchBefore(view: CritiqueView, previous: CritiqueLine, turn: number): Promise<void> {
    const before = await this.#studio.host.call("critique", { id: previous.id }).catch(() => null);
    if (turn === this.#turn) this.opened = { kind: "critique", view, before };
  }

  /** What is tried and not kept does not stay. */
  back(): void {
    this.takeBack();
    this.#turn += 1;
    this.opened = { kind: "nothing" };
  }

  /** Chooses a finding. One that the filter hides brings all back. */
  choose(number: number): void {
    const finding = this.critique?.findings.find((each) => each.number === number);
    if (!finding) return;
    if (this.dimension !== "all" && finding.dimension !== this.dimension) this.dimension = "all";
    this.chosen = number;
  }

  filter(dimension: Dimension | "all"): void {
    this.dimension = dimension;
    if (!this.findings.some((finding) => finding.number === this.chosen)) this.chosen = null;
  }

  step(by: number): void {
    const list = this.findings;
    if (list.length === 0) return;
    const at = list.findIndex((finding) => finding.number === this.chosen);
    const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by));
    this.chosen = list[next]!.number;
  }

  /** Whether trying it shows something here and now. */
  canTry(index: number): boolean {
    if (this.opened.kind !== "critique") return false;
    const { critique, picture } = this.opened.view;
    const action = critique.suggestions[index]?.action;
    if (action === undefined) return false;
    return this.#onPhoto(index) || (!("recipe" in action) && picture !== null);
  }

  /** Whether the photo itself can be changed so. Photos come and go while a critique is open. */
  #onPhoto(index: number): boolean {
    if (this.opened.kind !== "critique" || this.photo === null) return false;
    const { can_try, line } = this.opened.view;
    return can_try[index] === true || line.photo === null;
  }

  /** Shows what a suggestion would do. Free, and nothing leaves this computer. */
  async tryIt(index: number): Promise<void> {
    if (this.opened.kind !== "critique" || this.#trying || !this.canTry(index)) return;
    this.takeBack();
    const { line, critique } = this.opened.view;
    const suggestion = critique.suggestions[index]!;
    const action = suggestion.action!;
    const photo = this.#onPhoto(index) ? this.photo : null;
    if (photo === null) {
      if ("crop" in action) this.trial = { kind: "crop", suggestion, region: action.crop };
      else if ("straighten" in action) this.trial = { kind: "straighten", suggestion, degrees: action.straighten.degrees };
      return;
    }
    const wasAuto = this.#edits.isAuto(photo);
    const attempt = this.#attempt;
    this.#trying = true;
    try {
      const tried = await this.#studio.call("try_suggestion", { id: line.id, suggestion: index });
      this.#held = { kind: "recipe", suggestion, photo: tried.photo, before: tried.before, wasAuto };
      this.trial = this.#held;
      // The person has gone elsewhere in between.
      if (attempt !== this.#attempt) this.takeBack();
    } catch {
      // Said as a message already.
    } finally {
      this.#trying = false;
    }
  }

  /** The suggestion stays in the photo's recipe, and can be undone there. */
  keep(): void {
    const held = this.#end();
    if (held) this.#edits.changed(held.photo, held.before, held.wasAuto);
  }

  /** What is tried, and what is on its way, does not stay. */
  takeBack(): void {
    this.#attempt += 1;
    const held = this.#end();
    if (held) this.#edits.back(held.photo, held.before, held.wasAuto);
  }

  /** Nothing is on trial any more; what was in a photo's recipe, while that photo is on the list. */
  #end(): { photo: Photo; before: Recipe; wasAuto: boolean } | null {
    const held = this.#held;
    this.#held = null;
    this.trial = null;
    const photo = held && this.#studio.photos.get(held.photo);
    return photo ? { photo, before: held.before, wasAuto: held.wasAuto } : null;
  }
}
