/** The critique or comparison that is open: what is chosen in it, and what is being tried on the photo. The history is the service's. */
import type { PhotoId, Problem, Recipe } from "../contract/generated";
import type { ComparisonView, CritiqueLine, CritiqueView, Dimension, PhotoRegion, Suggestion } from "../contract/generated";
import { asProblem } from "../platform";
import type { RecipeEdits } from "./edits.svelte";
import type { Studio } from "./studio.svelte";

/** A suggestion that is being shown on the photo. */
export type Trial =
  /** The photo's recipe holds it; `before` is the recipe without it. */
  | { kind: "recipe"; suggestion: Suggestion; photo: PhotoId; before: Recipe; wasAuto: boolean }
  /** Drawn over the picture: a recipe knows no such step. */
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
  readonly findings = $derived.by(() => {
    const all = this.critique?.findings ?? [];
    return this.dimension === "all" ? all : all.filter((finding) => finding.dimension === this.dimension);
  });

  #studio: Studio;
  #edits: RecipeEdits;
  #turn = 0;

  constructor(studio: Studio, edits: RecipeEdits) {
    this.#studio = studio;
    this.#edits = edits;
  }

  async open(line: CritiqueLine): Promise<void> {
    const turn = ++this.#turn;
    this.opened = { kind: "opening", line };
    this.chosen = null;
    this.dimension = "all";
    this.pins = true;
    this.trial = null;
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

  back(): void {
    this.#turn += 1;
    this.opened = { kind: "nothing" };
    this.trial = null;
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
    const action = this.opened.view.critique.suggestions[index]?.action;
    if (action === undefined) return false;
    if ("recipe" in action) return this.opened.view.can_try[index] === true;
    return this.opened.view.picture !== null;
  }

  /** Shows what a suggestion would do. Free, and nothing leaves this computer. */
  async tryIt(index: number): Promise<void> {
    if (this.opened.kind !== "critique" || !this.canTry(index)) return;
    this.takeBack();
    const { line, critique } = this.opened.view;
    const suggestion = critique.suggestions[index]!;
    const action = suggestion.action!;
    if ("crop" in action) this.trial = { kind: "crop", suggestion, region: action.crop };
    else if ("straighten" in action) this.trial = { kind: "straighten", suggestion, degrees: action.straighten.degrees };
    else {
      const photo = line.photo === null ? undefined : this.#studio.photos.get(line.photo);
      const wasAuto = photo !== undefined && this.#edits.isAuto(photo);
      const turn = this.#turn;
      try {
        const tried = await this.#studio.call("try_suggestion", { id: line.id, suggestion: index });
        if (turn === this.#turn) this.trial = { kind: "recipe", suggestion, photo: tried.photo, before: tried.before, wasAuto };
      } catch {
        // Said as a message already.
      }
    }
  }

  /** The suggestion stays in the photo's recipe. */
  keep(): void {
    this.trial = null;
  }

  takeBack(): void {
    const trial = this.trial;
    this.trial = null;
    if (trial?.kind !== "recipe") return;
    const photo = this.#studio.photos.get(trial.photo);
    if (!photo) return;
    if (trial.wasAuto) this.#edits.auto([photo]);
    else this.#edits.set([photo], trial.before);
  }
}
