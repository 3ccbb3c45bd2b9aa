/** The queue as one list: what failed first, then what is in work, what waits in order, and what is done, newest first. Pure. */
import type { Photo, ProJob } from "../../contract/generated";
import { asks, isOver } from "../../state/pro-jobs";

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

export type Row = { kind: "local"; key: string; photo: Photo } | { kind: "pro"; key: string; job: ProJob };

/** Local and cloud jobs as one list, each given in its own order: failed or asking, in work or waiting, ended. */
export function rowsOf(photos: readonly Photo[], jobs: readonly ProJob[]): Row[] {
  const tiers: [Row[], Row[], Row[]] = [[], [], []];
  for (const photo of photos) {
    const kind = photo.state.kind;
    tiers[kind === "failed" ? 0 : kind === "working" || kind === "waiting" ? 1 : 2].push({ kind: "local", key: `local ${photo.id}`, photo });
  }
  for (const job of jobs) {
    const first = job.stage.kind === "failed" || asks(job);
    tiers[first ? 0 : isOver(job) ? 2 : 1].push({ kind: "pro", key: `pro ${job.id}`, job });
  }
  // What the service works at is worth more of an eye than a long line of local photos that wait.
  tiers[1] = [...tiers[1].filter(isBusy), ...tiers[1].filter((row) => !isBusy(row))];
  return tiers.flat();
}

function isBusy(row: Row): boolean {
  return row.kind === "local" ? row.photo.state.kind === "working" : row.job.stage.kind !== "waiting";
}
