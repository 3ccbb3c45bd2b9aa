/** The strip's filters. */
import type { Photo } from "../contract/generated";

export type Filter = "all" | "new" | "done" | "in_work" | "failed";

export const FILTERS: readonly Filter[] = ["all", "new", "done", "in_work", "failed"];

export function filterOf(photo: Photo): Exclude<Filter, "all"> {
  switch (photo.state.kind) {
    case "opening":
    case "ready":
      return "new";
    case "waiting":
    case "working":
      return "in_work";
    case "done":
    case "skipped":
      return "done";
    case "failed":
      return "failed";
  }
}

export function matches(photo: Photo, filter: Filter): boolean {
  return filter === "all" || filterOf(photo) === filter;
}

export function counts(photos: readonly Photo[]): Record<Filter, number> {
  const result: Record<Filter, number> = { all: photos.length, new: 0, done: 0, in_work: 0, failed: 0 };
  for (const photo of photos) result[filterOf(photo)] += 1;
  return result;
}
