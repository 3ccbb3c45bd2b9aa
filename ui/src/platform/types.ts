/**
 * What the window needs from whatever hosts it: the desktop shell, the loopback host of the browser tests, or the demo studio.
 * Nothing outside this folder knows which of them it talks to.
 */
import type { Commands, Event, Problem } from "../contract/generated";

export type CommandName = keyof Commands;

/** Files held over or dropped on the window. Paths are absolute. */
export type Drop =
  | { kind: "over"; paths: string[] }
  | { kind: "leave" }
  | { kind: "drop"; paths: string[] };

export type Unlisten = () => void;

export interface Host {
  /** Sends a command. Rejects with a {@link Problem}, whatever went wrong. */
  call<Name extends CommandName>(name: Name, request: Commands[Name]["request"]): Promise<Commands[Name]["reply"]>;
  /** Hears everything the studio says by itself. Resolves once nothing more can be missed. */
  listen(hear: (event: Event) => void): Promise<Unlisten>;
  /** URL of an address under the `photo:` scheme, for an image's `src`. */
  photoUrl(address: string): string;
  /** Hears files being dragged over the window and dropped on it. */
  onDrop(hear: (drop: Drop) => void): Promise<Unlisten>;
  /** Asks for photos; empty when the person thinks better of it. */
  choosePhotos(): Promise<string[]>;
  /** Asks for a folder; null when the person thinks better of it. */
  chooseFolder(): Promise<string | null>;
  /** Asks where to save a file, with a name to begin with; null when the person thinks better of it. */
  chooseTarget(name: string): Promise<string | null>;
}

/** Makes a {@link Problem} of whatever was thrown, so that callers have one shape to deal with. */
export function asProblem(thrown: unknown): Problem {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) return thrown as Problem;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message: "Something in the app went wrong. Trying again may help.", retryable: true, detail };
}

/** Extensions offered by the file dialog. The studio looks at the contents, whatever the name says. */
export const PHOTO_EXTENSIONS = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "bmp", "gif"];
