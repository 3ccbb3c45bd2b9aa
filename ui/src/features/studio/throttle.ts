/** Passes on the newest value at most once every so often: the first at once, the last one always. */
export class Throttle<Value> {
  #every: number;
  #pass: (value: Value) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #next: { value: Value } | null = null;

  constructor(everyMs: number, pass: (value: Value) => void) {
    this.#every = everyMs;
    this.#pass = pass;
  }

  say(value: Value): void {
    if (this.#timer !== null) {
      this.#next = { value };
      return;
    }
    this.#pass(value);
    this.#timer = setTimeout(() => this.#again(), this.#every);
  }

  #again(): void {
    this.#timer = null;
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.say(next.value);
  }

  /** Forgets what waits. */
  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#next = null;
  }
}
