/**
 * What the viewer shows, as layers of tiles: the original, the preview over it, and the saved result. Pure but for the clock it is given.
 */
import type { PhotoId, PreviewTile, Recipe } from "../../contract/generated";
import { framingText, type Framing } from "../../state/framing";
import type { Size, Tile } from "./geometry";

/** A photo as the viewer needs it. */
export interface Subject {
  /** The photo on the list; or, by its key, a file that may not be on it, of which there are no previews. */
  id: PhotoId | string;
  /** Once framed. */
  size: Size;
  /** Before that. */
  whole: Size;
  /** What is kept of the photo; null for all of it. */
  framing: Framing | null;
  thumbnail: string | null;
  recipe: Recipe;
  /** How many times larger the result is than the framed photo. */
  scale: number;
  /** Whether the recipe leaves the photo as it is. */
  untouched: boolean;
  /** The saved result of this very recipe, when there is one. */
  result: { key: string; size: Size } | null;
  /** False while the studio has something better to do than previews, or cannot make any. */
  previewable: boolean;
}

/** The photo as it was, framed as its result is, so that both can be compared. */
export function sourceAddress({ id, framing }: Pick<Subject, "id" | "framing">, level: number, tile: Tile): string {
  if (typeof id === "string") return resultAddress(id, level, tile);
  const of = framing === null ? `source/${id}` : `framed/${id}/${framingText(framing)}`;
  return `${of}/${level}/${tile.x}/${tile.y}`;
}
export const resultAddress = (key: string, level: number, tile: Tile) => `result/${key}/${level}/${tile.x}/${tile.y}`;

const at = (level: number, tile: Tile) => `${level}/${tile.x}/${tile.y}`;

/** A preview tile that has been announced. */
export interface Announced {
  address: string;
  isFinal: boolean;
  key: string;
  /** What was shown in its place until it came. */
  instead: Announced | null;
}

/**
 * Preview tiles announced so far for one photo. When the recipe changes, tiles of the recipe before stay in place until their
 * successors come, so that a moved slider never flashes back to the original.
 */
export class Previews {
  #key: string | null = null;
  #tiles = new Map<string, Announced>();
  /** Tiles that came before the studio had said which key they go by. */
  #early: PreviewTile[] = [];
  #arrivals: number[] = [];

  get key(): string | null {
    return this.#key;
  }

  /** Another photo. */
  clear(): void {
    this.#key = null;
    this.#tiles.clear();
    this.#early = [];
    this.#arrivals = [];
  }

  /** A view has been asked for; what arrives is timed from here. */
  asked(now: number): void {
    this.#arrivals = [now];
  }

  /** The studio has said under which key the tiles of the view come. */
  use(key: string, now: number): void {
    this.#key = key;
    const early = this.#early;
    this.#early = [];
    for (const tile of early) this.add(tile, now);
  }

  /** Returns whether the tile is of any use. */
  add(tile: PreviewTile, now: number): boolean {
    if (tile.recipe_key !== this.#key) {
      // Either late news of a recipe that is gone, or early news of one that comes.
      this.#early = [...this.#early.slice(-63), tile];
      return false;
    }
    const place = at(tile.level, tile.at);
    const before = this.#tiles.get(place);
    const instead = before && before.address !== tile.address ? { ...before, instead: null } : null;
    this.#tiles.set(place, { address: tile.address, isFinal: tile.is_final, key: tile.recipe_key, instead });
    // A quick look at level 0 is not what is waited for.
    if (tile.is_final || tile.level > 0) this.#arrivals.push(now);
    return true;
  }

  get(level: number, tile: Tile): Announced | null {
    return this.#tiles.get(at(level, tile)) ?? null;
  }

  /** Whether a tile is of the recipe that is asked for now. */
  isCurrent(announced: Announced | null): boolean {
    return announced !== null && announced.key === this.#key;
  }

  /** Seconds until `missing` more tiles are there, as measured since the view was asked for; null while that would be a guess. */
  secondsLeft(missing: number, now: number): number | null {
    const came = this.#arrivals.length - 1;
    if (missing === 0 || came < 2) return null;
    const last = this.#arrivals.at(-1)!;
    const each = (last - this.#arrivals[0]!) / came;
    const left = (each * missing - (now - last)) / 1000;
    return left >= 1 ? left : null;
  }
}

/** One square of the tile mark. */
export type Square = "waiting" | "there" | "final";

export interface Mark {
  columns: number;
  squares: Square[];
  done: number;
  secondsLeft: number | null;
}

/** The tile mark for the tiles in view: row by row, whatever the order in which they were asked for. */
export function markOf(previews: Previews, level: number, tiles: readonly Tile[], now: number): Mark | null {
  if (tiles.length === 0) return null;
  const inRows = [...tiles].sort((a, b) => a.y - b.y || a.x - b.x);
  const columns = new Set(tiles.map((tile) => tile.x)).size;
  const squares = inRows.map((tile): Square => {
    const announced = previews.get(level, tile);
    if (!announced || !previews.isCurrent(announced)) return "waiting";
    return announced.isFinal ? "final" : "there";
  });
  const awaited: Square = level === 0 ? "final" : "there";
  const done = squares.filter((square) => square === awaited).length;
  return { columns, squares, done, secondsLeft: previews.secondsLeft(tiles.length - done, now) };
}
