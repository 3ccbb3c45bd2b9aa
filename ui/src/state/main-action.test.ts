import { describe, expect, it } from "vitest";

import type { Photo, Queue } from "../contract/generated";
import { FakeStudio } from "../platform/fake/studio";
import { counts } from "./filters";
import { mainAction, onlyThis } from "./main-action";

const idle: Queue = { open: 0, closed: 0, progress: 0, seconds_left: null };
const fake = new FakeStudio();
const make = (state: Photo["state"]): Photo => fake.put(`/p/${fake.photos.size}.jpg`, { state });
const done: Photo["state"] = { kind: "done", result: { path: "", width: 1, height: 1, bytes: 1, seconds: 1, device: "", notes: [], key: "k" } };
const failed: Photo["state"] = { kind: "failed", problem: { code: "internal", message: "m", retryable: true } };

describe("main button", () => {
  it("does all that are new", () => {
    const photos = [make({ kind: "ready" }), make(done), make({ kind: "ready" })];
    const action = mainAction(photos, new Set([photos[0]!.id]), photos[0]!.id, idle);
    expect(action).toEqual({ kind: "enhance", scope: "all", photos: [photos[0]!.id, photos[2]!.id] });
    expect(onlyThis(photos, new Set([photos[0]!.id]), photos[0]!.id, action)).toBe(photos[0]!.id);
  });

  it("does the one there is", () => {
    const photos = [make({ kind: "ready" })];
    const action = mainAction(photos, new Set([photos[0]!.id]), photos[0]!.id, idle);
    expect(action).toMatchObject({ scope: "one" });
    expect(onlyThis(photos, new Set([photos[0]!.id]), photos[0]!.id, action)).toBeNull();
  });

  it("does what is picked when several are", () => {
    const photos = [make({ kind: "ready" }), make(done), make({ kind: "opening" }), make({ kind: "ready" })];
    const action = mainAction(photos, new Set(photos.slice(0, 3).map((photo) => photo.id)), photos[0]!.id, idle);
    expect(action).toEqual({ kind: "enhance", scope: "selected", photos: [photos[0]!.id, photos[1]!.id] });
  });

  it("offers to do a finished or failed photo again, but not one that could not be opened", () => {
    const photos = [make(done), make(failed), { ...make(failed), facts: null }];
    const [first, second, third] = photos.map((photo) => photo.id);
    expect(mainAction(photos, new Set([first!]), first!, idle)).toMatchObject({ scope: "again", photos: [first] });
    expect(mainAction(photos, new Set([second!]), second!, idle)).toMatchObject({ scope: "retry", photos: [second] });
    expect(mainAction(photos, new Set([third!]), third!, idle)).toEqual({ kind: "nothing" });
  });

  it("is busy while anything is in the queue", () => {
    const photos = [make({ kind: "working", progress: 0.5, seconds_left: 3 })];
    const action = mainAction(photos, new Set(), null, { open: 2, closed: 3, progress: 0.6, seconds_left: 9 });
    expect(action).toEqual({ kind: "busy", closed: 3, all: 5, progress: 0.6, secondsLeft: 9 });
  });

  it("counts every photo under one filter", () => {
    const photos = [make({ kind: "opening" }), make({ kind: "ready" }), make(done), make(failed), make({ kind: "waiting", position: 1 }), make({ kind: "skipped", path: "/x" })];
    expect(counts(photos)).toEqual({ all: 6, new: 2, done: 2, in_work: 1, failed: 1 });
  });
});
