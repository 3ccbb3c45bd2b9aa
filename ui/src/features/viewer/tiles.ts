/**
 * Pictures of tiles: asked for in the order in which they are wanted, a few at a time, kept while there is room. Knows nothing of cameras.
 */

export interface Picture {
  readonly source: CanvasImageSource;
  readonly width: number;
  readonly height: number;
}

export type Load = (url: string) => Promise<Picture>;

interface Held {
  picture: Picture;
  /** When it became usable, for fading in. */
  since: number;
  used: number;
}

export interface TileCacheOptions {
  load: Load;
  url: (address: string) => string;
  /** Something became usable or can never be. */
  changed: () => void;
  now: () => number;
  /** Most at a time. */
  parallel?: number;
  /** Most pixels to hold; about four bytes each. */
  roomPixels?: number;
}

export class TileCache {
  #options: Required<TileCacheOptions>;
  #held = new Map<string, Held>();
  #loading = new Set<string>();
  #failed = new Set<string>();
  #wanted: string[] = [];
  #pixels = 0;
  #turn = 0;

  constructor(options: TileCacheOptions) {
    this.#options = { parallel: 6, roomPixels: 48e6, ...options };
  }

  /** Replaces what is wanted, most wanted first. What is no longer wanted and has not started is not loaded. */
  want(addresses: readonly string[]): void {
    this.#wanted = addresses.filter((address) => !this.#held.has(address) && !this.#loading.has(address) && !this.#failed.has(address));
    this.#pump();
  }

  get(address: string): { picture: Picture; since: number } | null {
    const held = this.#held.get(address);
    if (!held) return null;
    held.used = ++this.#turn;
    return held;
  }

  /** Whether nothing more will come of it. */
  settled(address: string): boolean {
    return this.#held.has(address) || this.#failed.has(address);
  }

  clear(): void {
    this.#wanted = [];
    this.#held.clear();
    this.#failed.clear();
    this.#pixels = 0;
  }

  #pump(): void {
    while (this.#loading.size < this.#options.parallel) {
      const address = this.#wanted.shift();
      if (address === undefined) return;
      void this.#start(address);
    }
  }

  async #start(address: string): Promise<void> {
    this.#loading.add(address);
    try {
      const picture = await this.#options.load(this.#options.url(address));
      this.#held.set(address, { picture, since: this.#options.now(), used: ++this.#turn });
      this.#pixels += picture.width * picture.height;
      this.#makeRoom(address);
    } catch {
      // A tile that cannot be had leaves what lies under it in view; the next view asks for it anew.
      this.#failed.add(address);
      setTimeout(() => this.#failed.delete(address), 2000);
    } finally {
      this.#loading.delete(address);
    }
    this.#options.changed();
    this.#pump();
  }

  #makeRoom(keep: string): void {
    if (this.#pixels <= this.#options.roomPixels) return;
    const oldest = [...this.#held.entries()].sort((a, b) => a[1].used - b[1].used);
    for (const [address, held] of oldest) {
      if (this.#pixels <= this.#options.roomPixels * 0.8) return;
      if (address === keep) continue;
      this.#held.delete(address);
      this.#pixels -= held.picture.width * held.picture.height;
    }
  }
}

/** Loads by an image element, decoded before it is drawn, so that drawing never waits. */
export async function loadImage(url: string): Promise<Picture> {
  const image = new Image();
  image.decoding = "async";
  image.src = url;
  await image.decode();
  return { source: image, width: image.naturalWidth, height: image.naturalHeight };
}
