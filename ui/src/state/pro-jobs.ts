/** Pro jobs in the one list with the local ones. Pure. */
import type { ProJob } from "../contract/generated";

/** Whether nothing more comes of it by itself or by waiting. */
export function isOver(job: ProJob): boolean {
  return job.stage.kind === "done" || job.stage.kind === "failed" || job.stage.kind === "cancelled";
}

export function isOpen(job: ProJob): boolean {
  return !isOver(job);
}

/** Whether the person is asked for something: nothing goes on before. */
export function asks(job: ProJob): boolean {
  return job.stage.kind === "price_changed" || job.stage.kind === "not_enough_credits";
}

/** Whether the service has set the job's credits aside: from when it has the job until the job ends. */
export function isHeld(job: ProJob): boolean {
  return job.stage.kind === "queued" || job.stage.kind === "running" || job.stage.kind === "downloading";
}

/** Credits that the service has set aside. */
export function heldFor(jobs: Iterable<ProJob>): number {
  let held = 0;
  for (const job of jobs) if (isHeld(job)) held += job.price;
  return held;
}

/** How far one job is, for the total: what has ended counts whole. */
export function progressOf(job: ProJob): number {
  switch (job.stage.kind) {
    case "uploading":
      return 0.1 + 0.3 * job.stage.progress;
    case "queued":
      return 0.4;
    case "running":
      return 0.4 + 0.5 * (job.stage.progress ?? 0.3);
    case "downloading":
      return 0.9 + 0.1 * job.stage.progress;
    case "done":
    case "failed":
    case "cancelled":
      return 1;
    default:
      return 0;
  }
}

function rank(job: ProJob): number {
  if (job.stage.kind === "failed" || asks(job)) return 0;
  switch (job.stage.kind) {
    case "running":
    case "downloading":
    case "uploading":
    case "preparing":
    case "cancelling":
      return 1;
    case "queued":
      return 2;
    case "waiting":
      return 3;
    default:
      return 4;
  }
}

/** What failed or asks first, then what is in work, what waits, and what has ended, newest first. */
export function sortedJobs(jobs: Iterable<ProJob>): ProJob[] {
  return [...jobs].sort((a, b) => {
    const order = rank(a) - rank(b);
    if (order !== 0) return order;
    return isOver(a) ? b.made_at - a.made_at : a.made_at - b.made_at;
  });
}
