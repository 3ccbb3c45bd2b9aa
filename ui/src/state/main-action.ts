/** What the main button does. Pure. */
import type { Photo, PhotoId, Queue } from "../contract/generated";

export type MainAction =
  /** Photos are in work. */
  | { kind: "busy"; closed: number; all: number; progress: number; secondsLeft: number | null }
  /** `photos` will be enhanced, in this order. */
  | { kind: "enhance"; scope: "all" | "selected" | "one" | "again" | "retry"; photos: PhotoId[] }
  | { kind: "nothing" };

/** Whether the photo can go into the queue now. A photo that could not even be opened cannot. */
export function canEnhance(photo: Photo): boolean {
  switch (photo.state.kind) {
    case "ready":
    case "done":
    case "skipped":
      return true;
    case "failed":
      return photo.facts !== null;
    case "opening":
    case "waiting":
    case "working":
      return false;
  }
}

export function mainAction(photos: readonly Photo[], picked: ReadonlySet<PhotoId>, current: PhotoId | null, queue: Queue): MainAction {
  if (queue.open > 0) {
    return { kind: "busy", closed: queue.closed, all: queue.open + queue.closed, progress: queue.progress, secondsLeft: queue.seconds_left };
  }
  if (picked.size > 1) {
    const able = photos.filter((photo) => picked.has(photo.id) && canEnhance(photo)).map((photo) => photo.id);
    return able.length > 0 ? { kind: "enhance", scope: "selected", photos: able } : { kind: "nothing" };
  }
  const fresh = photos.filter((photo) => photo.state.kind === "ready").map((photo) => photo.id);
  if (fresh.length === 1 && fresh[0] === current) return { kind: "enhance", scope: "one", photos: fresh };
  if (fresh.length > 0) return { kind: "enhance", scope: "all", photos: fresh };
  const shown = photos.find((photo) => photo.id === current);
  if (!shown || !canEnhance(shown)) return { kind: "nothing" };
  return { kind: "enhance", scope: shown.state.kind === "failed" ? "retry" : "again", photos: [shown.id] };
}

/** The photo that "Only this photo" would enhance beside the main button; null when that would be the same or nothing. */
export function onlyThis(photos: readonly Photo[], picked: ReadonlySet<PhotoId>, current: PhotoId | null, action: MainAction): PhotoId | null {
  const shown = photos.find((photo) => photo.id === current);
  if (!shown || !canEnhance(shown) || picked.size > 1) return null;
  if (action.kind === "enhance" && action.photos.length === 1 && action.photos[0] === shown.id) return null;
  return shown.id;
}
