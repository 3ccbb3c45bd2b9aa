/** The queue as one list: what failed first, then what is in work, what waits in order, and what is done, newest first. Pure. */
import type { Photo } from "../../contract/generated";

export function jobsOf(photos: readonly Photo[]): Photo[] {
  const failed: Photo[] = [];
  const working: Photo[] = [];
  const waiting: { photo: Photo; position: number }[] = [];
  const ended: Photo[] = [];
  for (const photo of photos) {
    if (photo.state.kind === "failed") failed.push(photo);
    else if (photo.state.kind === "working") working.push(photo);
    else if (photo.state.kind === "waiting") waiting.push({ photo, position: photo.state.position });
    else if (photo.state.kind === "done" || photo.state.kind === "skipped") ended.push(photo);
  }
  waiting.sort((a, b) => a.position - b.position);
  return [...failed, ...working, ...waiting.map((job) => job.photo), ...ended.reverse()];
}
