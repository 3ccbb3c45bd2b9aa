import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Photo } from "../contract/generated";
import { FakeStudio } from "../platform/fake/studio";
import { Studio } from "./studio.svelte";

async function connected() {
  const fake = new FakeStudio();
  fake.put("/photos/a.jpg");
  fake.put("/photos/b.jpg");
  const studio = new Studio(fake);
  await studio.connect();
  return { fake, studio };
}

describe("studio", () => {
  let fake: FakeStudio;
  let studio: Studio;
  beforeEach(async () => ({ fake, studio } = await connected()));

  it("starts with the snapshot", () => {
    expect(studio.ready).toBe(true);
    expect(studio.list.map((photo) => photo.name)).toEqual(["a.jpg", "b.jpg"]);
    expect(studio.devices.length).toBeGreaterThan(1);
  });

  it("replaces a photo as a whole and keeps its place", () => {
    const first = studio.list[0]!;
    const changed: Photo = { ...first, state: { kind: "waiting", position: 4 }, thumbnail: null };
    studio.apply({ event: "photo_changed", data: changed });
    expect(studio.list[0]).toEqual(changed);
    expect(studio.list.map((photo) => photo.name)).toEqual(["a.jpg", "b.jpg"]);
  });

  it("does not bring back what was removed", () => {
    const first = studio.list[0]!;
    studio.apply({ event: "photos_removed", data: [first.id] });
    studio.apply({ event: "photo_changed", data: first });
    expect(studio.list.map((photo) => photo.name)).toEqual(["b.jpg"]);
  });

  it("takes the same event twice without harm", () => {
    const photo = { ...studio.list[1]!, name: "c.jpg" };
    studio.apply({ event: "photos_added", data: [photo] });
    studio.apply({ event: "photos_added", data: [photo] });
    expect(studio.list).toHaveLength(2);
  });

  it("says once when the queue has run empty", () => {
    const ended = vi.fn();
    studio.hear({ queueEnded: ended });
    studio.apply({ event: "queue", data: { open: 2, closed: 0, progress: 0, seconds_left: null } });
    studio.apply({ event: "queue", data: { open: 0, closed: 0, progress: 1, seconds_left: null } });
    studio.apply({ event: "queue", data: { open: 0, closed: 0, progress: 1, seconds_left: null } });
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("shows a setting at once and takes it back when it is refused", async () => {
    const refused = vi.fn();
    studio.hear({ refused });
    await studio.setExport({ quality: 80 });
    expect(studio.settings.export.quality).toBe(80);
    vi.spyOn(fake, "call").mockRejectedValueOnce({ code: "settings_invalid", message: "No.", retryable: false });
    await studio.setExport({ quality: 300 });
    expect(studio.settings.export.quality).toBe(80);
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: "settings_invalid" }));
  });
});
