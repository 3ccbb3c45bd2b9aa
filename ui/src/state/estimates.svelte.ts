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

  /** All of these photos together; null while that is not known. Photos asked for beside them are taken off again. */
  secondsFor(photos: readonly PhotoId[]): number | null {
    const answer = this.#answer;
    if (answer === null || !this.#isFor(photos) || answer.estimate.seconds === null) return null;
    let seconds = answer.estimate.seconds;
    for (const each of answer.estimate.each.slice(photos.length)) {
      if (each === null) return null;
      seconds -= each;
    }
    return Math.max(0, seconds);
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
