/** How long things would take here, as the studio has measured it. Asked for a little after the question changes, and never guessed. */
import type { Estimate, PhotoId } from "../contract/generated";
import type { Studio } from "./studio.svelte";

const WAIT_MS = 150;

export class Estimates {
  #studio: Studio;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #turn = 0;
  #answer = $state.raw<{ photos: PhotoId[]; estimate: Estimate } | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** The answer to this question, when there is one; the last answer does not serve for another question. */
  secondsFor(photos: readonly PhotoId[]): number | null {
    return this.#isFor(photos) ? (this.#answer?.estimate.seconds ?? null) : null;
  }

  secondsForOne(photo: PhotoId): number | null {
    const at = this.#answer?.photos.indexOf(photo) ?? -1;
    return at < 0 ? null : (this.#answer?.estimate.each[at] ?? null);
  }

  #isFor(photos: readonly PhotoId[]): boolean {
    const asked = this.#answer?.photos;
    return asked !== undefined && asked.length >= photos.length && photos.every((photo, index) => asked[index] === photo);
  }

  ask(photos: readonly PhotoId[]): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const turn = ++this.#turn;
    if (photos.length === 0) return;
    const asked = [...photos];
    this.#timer = setTimeout(() => {
      // Not worth a message: without an answer no time is shown.
      this.#studio.host.call("estimate", { photos: asked }).then(
        (estimate) => {
          if (turn === this.#turn) this.#answer = { photos: asked, estimate };
        },
        () => undefined,
      );
    }, WAIT_MS);
  }
}
