/**
 * Holding to see the original: something is pressed and the original is there, it is let go and the result is back. What holds is remembered,
 * because what is let go may go by another name: on many keyboards `\` is typed with AltGr, and the key that comes up is a plain `ß`.
 */
export class HoldOriginal {
  /** Whether the original is to be seen. */
  readonly on: boolean = $derived.by(() => this.#holders.length > 0);
  /** Codes of the keys and ids of the pointers that hold. */
  #holders = $state.raw<readonly string[]>([]);

  hold(by: string): void {
    if (!this.#holders.includes(by)) this.#holders = [...this.#holders, by];
  }

  release(by: string): void {
    if (this.#holders.includes(by)) this.#holders = this.#holders.filter((other) => other !== by);
  }

  /** The window is left: whatever is let go elsewhere is not heard of here. */
  releaseAll(): void {
    this.#holders = [];
  }
}
