/** A list that comes in pages: what is known of it, whether there is more, and why it could not be had. */
import type { Problem } from "../contract/generated";
import { asProblem } from "../platform";

export interface PageOf<Item> {
  items: Item[];
  more: boolean;
}

export class Paged<Item> {
  items = $state.raw<Item[]>([]);
  more = $state.raw(false);
  /** Null once the first page has come or could not be had. */
  loading = $state.raw(false);
  /** False until the first page has come. */
  known = $state.raw(false);
  problem = $state.raw<Problem | null>(null);

  #ask: (after: Item | null) => Promise<PageOf<Item>>;
  /** An answer that a later question has overtaken is dropped. */
  #turn = 0;

  constructor(ask: (after: Item | null) => Promise<PageOf<Item>>) {
    this.#ask = ask;
  }

  /** Asks anew from the top; what is shown stays until the answer is there. */
  async first(): Promise<void> {
    await this.#load(null);
  }

  async next(): Promise<void> {
    const last = this.items.at(-1);
    if (this.more && !this.loading && last !== undefined) await this.#load(last);
  }

  forget(): void {
    this.#turn += 1;
    this.items = [];
    this.more = false;
    this.known = false;
    this.loading = false;
    this.problem = null;
  }

  async #load(after: Item | null): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const page = await this.#ask(after);
      if (turn !== this.#turn) return;
      this.items = after === null ? page.items : [...this.items, ...page.items];
      this.more = page.more;
      this.known = true;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = asProblem(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}
