import { describe, expect, it } from "vitest";

import type { ProJob, ProStage } from "../contract/generated";
import { asks, heldFor, isOpen, progressOf, sortedJobs } from "./pro-jobs";

const PROBLEM = { code: "internal", message: "No.", retryable: true } as const;
const job = (id: string, stage: ProStage, made_at = 0, price = 1): ProJob => ({
  id,
  kind: "critique",
  variant: "standard",
  photos: [],
  price,
  to: "anthropic",
  stage,
  made_at,
  ended_at: null,
  on_service: false,
});

const EVERY: ProStage[] = [
  { kind: "waiting", reason: "offline" },
  { kind: "preparing" },
  { kind: "uploading", progress: 0.5 },
  { kind: "price_changed", price: 2 },
  { kind: "not_enough_credits", available: 0 },
  { kind: "queued" },
  { kind: "running", progress: null },
  { kind: "downloading", progress: 0.5 },
  { kind: "cancelling" },
  { kind: "done", result: { kind: "critique", id: "c" } },
  { kind: "failed", problem: PROBLEM, charge: "no" },
  { kind: "cancelled" },
];

describe("Pro jobs", () => {
  it("are open until they are done, failed or cancelled", () => {
    expect(EVERY.filter((stage) => !isOpen(job("a", stage))).map((stage) => stage.kind)).toEqual(["done", "failed", "cancelled"]);
    expect(EVERY.filter((stage) => asks(job("a", stage))).map((stage) => stage.kind)).toEqual(["price_changed", "not_enough_credits"]);
  });

  it("hold their price while the service has them", () => {
    expect(heldFor(EVERY.map((stage) => job("a", stage, 0, 2)))).toBe(6);
  });

  it("come in the order in which they matter", () => {
    const jobs = [
      job("old", { kind: "done", result: { kind: "critique", id: "c" } }, 1),
      job("new", { kind: "done", result: { kind: "critique", id: "c" } }, 2),
      job("waits", { kind: "waiting", reason: "turn" }, 3),
      job("second", { kind: "running", progress: 0.2 }, 5),
      job("first", { kind: "uploading", progress: 0.2 }, 4),
      job("failed", { kind: "failed", problem: PROBLEM, charge: "no" }, 6),
    ];
    expect(sortedJobs(jobs).map((each) => each.id)).toEqual(["failed", "first", "second", "waits", "new", "old"]);
  });

  it("never go back on their way", () => {
    const way: ProStage[] = [
      { kind: "waiting", reason: "turn" },
      { kind: "preparing" },
      { kind: "uploading", progress: 0 },
      { kind: "uploading", progress: 1 },
      { kind: "queued" },
      { kind: "running", progress: null },
      { kind: "running", progress: 1 },
      { kind: "downloading", progress: 0 },
      { kind: "downloading", progress: 1 },
      { kind: "done", result: { kind: "critique", id: "c" } },
    ];
    const progress = way.map((stage) => progressOf(job("a", stage)));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });
});
