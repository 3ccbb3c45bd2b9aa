/**
 * Messages over the page. Passing ones stay six seconds, longer while pointed at or focused, and never carry an error; lasting ones stay
 * until they are closed or solved.
 */
export interface Message {
  id: number;
  kind: "passing" | "lasting";
  tone: "ok" | "info" | "warn" | "bad";
  text: string;
  more?: string;
  action?: { label: string; run: () => void };
  /** What it is about: newer news of the same takes its place. */
  about?: "pro jobs";
}

export type NewMessage = Omit<Message, "id">;

const STAY_MS = 6000;
/** More than anybody reads; the oldest go. */
const MOST = 50;

export class Messages {
  list = $state.raw<Message[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(message: NewMessage): number {
    // The same sentence twice is one message, and so is passing news of the same thing.
    const isNewer = (other: Message) => message.about !== undefined && other.about === message.about;
    const twin = this.list.find((other) => other.kind === message.kind && (other.text === message.text || isNewer(other)));
    if (twin) this.close(twin.id);
    const id = this.#next++;
    this.list = [...this.list, { ...message, id }].slice(-MOST);
    if (message.kind === "passing") this.#start(id);
    return id;
  }

  close(id: number): void {
    this.hold(id);
    this.list = this.list.filter((message) => message.id !== id);
  }

  /** Pointed at or focused: it stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** Left alone again. */
  release(id: number): void {
    if (this.list.some((message) => message.id === id && message.kind === "passing")) this.#start(id);
  }

  #start(id: number): void {
    this.hold(id);
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), STAY_MS),
    );
  }
}
