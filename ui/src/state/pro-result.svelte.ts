/** What came back from the cloud, looked at beside the photo it was made of. Its file is on this computer; what the service keeps of it can be deleted there. */
import type { Problem, ProJob, ProPictures } from "../contract/generated";
import { asProblem } from "../platform";
import type { Studio } from "./studio.svelte";

export type Looked =
  | { kind: "nothing" }
  | { kind: "opening"; job: ProJob }
  | { kind: "refused"; job: ProJob; problem: Problem }
  | { kind: "shown"; job: ProJob; pictures: ProPictures };

export class ProResult {
  looked = $state.raw<Looked>({ kind: "nothing" });
  /** The job as it is now: it changes when its result is deleted at the service, and goes when it is taken off the queue. */
  readonly job = $derived.by((): ProJob | null => {
    if (this.looked.kind === "nothing") return null;
    return this.#studio.service.jobs.get(this.looked.job.id) ?? this.looked.job;
  });

  #studio: Studio;
  #turn = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  async open(job: ProJob): Promise<void> {
    const turn = ++this.#turn;
    this.looked = { kind: "opening", job };
    try {
      const pictures = await this.#studio.host.call("open_pro_result", { id: job.id });
      if (turn === this.#turn) this.looked = { kind: "shown", job, pictures };
    } catch (thrown) {
      if (turn === this.#turn) this.looked = { kind: "refused", job, problem: asProblem(thrown) };
    }
  }

  back(): void {
    this.#turn += 1;
    this.looked = { kind: "nothing" };
  }

  /** Has the service delete what it keeps of it. True once it has. */
  async deleteAtService(): Promise<boolean> {
    const job = this.job;
    if (job === null) return false;
    try {
      await this.#studio.call("delete_pro_result", { id: job.id });
      return true;
    } catch {
      // Said as a message already.
      return false;
    }
  }
}
