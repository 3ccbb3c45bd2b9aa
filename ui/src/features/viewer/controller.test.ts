import { beforeEach, describe, expect, it, vi } from "vitest";

import type { PreviewTile, View } from "../../contract/generated";
import { ViewerController, type ViewerState } from "./controller";
import type { Subject } from "./layers";

const recipe = (strength: number) => ({ version: 1, steps: [{ step: "tone" as const, strength }] });

const subject: Subject = {
  id: 3,
  framing: null,
  size: { width: 6048, height: 4032 },
  whole: { width: 6048, height: 4032 },
  thumbnail: "thumb/3",
  recipe: recipe(0.5),
  scale: 1,
  untouched: false,
  result: null,
  previewable: true,
};

/** A canvas that notes what is drawn on it. */
function noteBook() {
  const drawn: { address: string; x: number; y: number; width: number; height: number; alpha: number; turned: number }[] = [];
  const kept: { x: number; y: number; turned: number }[] = [];
  let now = { x: 0, y: 0, turned: 0 };
  const context = {
    globalAlpha: 1,
    fillStyle: "",
    imageSmoothingEnabled: true,
    imageSmoothingQuality: "low",
    setTransform: () => {},
    fillRect: () => drawn.splice(0),
    save: () => kept.push({ ...now }),
    restore: () => (now = kept.pop()!),
    translate: (x: number, y: number) => (now = { ...now, x, y }),
    rotate: (turned: number) => (now = { ...now, turned }),
    beginPath: () => {},
    rect: () => {},
    clip: () => {},
    drawImage(source: { address: string }, x: number, y: number, width: number, height: number) {
      drawn.push({ address: source.address, x: x + now.x, y: y + now.y, width, height, alpha: this.globalAlpha, turned: now.turned });
    },
  };
  const canvas = document.createElement("canvas");
  canvas.getContext = (() => context) as unknown as typeof canvas.getContext;
  return { canvas, drawn };
}

const keyOf = (view: View) => `key-${JSON.stringify(view.recipe).length}-${view.recipe.steps.map((step) => ("strength" in step ? step.strength : 0)).join()}`;

function setUp(ratio = 1, { answer = (view: View) => Promise.resolve(keyOf(view)), loads = (url: string) => url !== "" } = {}) {
  const { canvas, drawn } = noteBook();
  const frames: (() => void)[] = [];
  const views: View[] = [];
  const loaded: string[] = [];
  let state: ViewerState | null = null;
  let now = 1000;
  let cleared = 0;
  const viewer = new ViewerController({
    canvas,
    load: (url) => {
      loaded.push(url);
      if (!loads(url)) return Promise.reject(new Error("not there"));
      return Promise.resolve({ source: { address: url } as unknown as CanvasImageSource, width: 512, height: 512 });
    },
    url: (address) => address,
    setView: (view) => {
      views.push(view);
      return answer(view).then((recipe_key) => ({ recipe_key }));
    },
    clearView: () => (cleared += 1),
    changed: (next) => (state = next),
    now: () => now,
    frame: (draw) => frames.push(draw),
    devicePixelRatio: () => ratio,
    reducedMotion: () => false,
  });
  /** Lets everything that is under way come to rest; the clock goes on. */
  const settle = async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      await vi.advanceTimersByTimeAsync(30);
      now += 30;
      frames.splice(0).forEach((draw) => draw());
    }
  };
  return { viewer, drawn, views, loaded, settle, state: () => state!, cleared: () => cleared, advance: (ms: number) => (now += ms) };
}

const announce = (view: View, recipe_key: string, at: { x: number; y: number }, is_final = view.level === 0): PreviewTile => ({
  photo: view.photo,
  recipe_key,
  level: view.level,
  at,
  address: `preview/${view.photo}/${recipe_key}/${view.level}/${at.x}/${at.y}`,
  is_final,
});

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe("viewer", () => {
  it("fits the photo, shows the thumbnail first and then sharp tiles", async () => {
    const { viewer, drawn, loaded, settle, state } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    await settle();
    expect(state().fits).toBe(true);
    expect(state().boxes[0].width).toBeCloseTo(852);
    expect(loaded[0]).toBe("thumb/3");
    const level = 2;
    expect(loaded).toContain(`source/3/${level}/1/0`);
    expect(drawn[0]!.address).toBe("thumb/3");
    expect(drawn.filter((one) => one.address.startsWith("source/3/2/")).length).toBe(6);
  });

  it("lays tiles without gaps", async () => {
    const { viewer, drawn, settle } = setUp(1.25);
    viewer.resize({ width: 901, height: 677 });
    viewer.show(subject);
    await settle();
    const level = drawn.filter((one) => one.address.startsWith("source/3/")).map((one) => Number(one.address.split("/")[2]));
    const finest = Math.min(...level);
    const row = drawn.filter((one) => one.address.startsWith(`source/3/${finest}/`) && one.address.endsWith("/0")).sort((a, b) => a.x - b.x);
    expect(row.length).toBeGreaterThan(1);
    for (let index = 1; index < row.length; index += 1) expect(row[index]!.x).toBe(row[index - 1]!.x + row[index - 1]!.width);
  });

  it("asks for previews of what is in view, centre outwards, once", async () => {
    const { viewer, views, settle } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    await settle();
    expect(views).toHaveLength(1);
    expect(views[0]).toMatchObject({ photo: 3, level: 2, recipe: subject.recipe });
    expect(views[0]!.tiles[0]).toEqual({ x: 1, y: 0 });
    viewer.invalidate();
    await settle();
    expect(views).toHaveLength(1);
    viewer.oneToOne();
    await settle();
    expect(views).toHaveLength(2);
    expect(views[1]!.level).toBe(0);
    expect(views[1]!.tiles.length).toBeLessThanOrEqual(6);
  });

  it("asks for nothing when the recipe does nothing, and says when nothing is in view any more", async () => {
    const { viewer, views, settle, state, cleared } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show({ ...subject, untouched: true });
    await settle();
    expect(views).toHaveLength(0);
    expect(state().settled).toBe(true);
    viewer.show(subject);
    await settle();
    expect(views).toHaveLength(1);
    viewer.show(null);
    await settle();
    expect(cleared()).toBe(1);
  });

  it("counts preview tiles and draws them over the original", async () => {
    const { viewer, views, drawn, settle, state } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    viewer.oneToOne();
    await settle();
    const view = views.at(-1)!;
    const key = (await Promise.resolve(`key-${JSON.stringify(view.recipe).length}-0.5`)) as string;
    expect(state().mark).toMatchObject({ done: 0, standIn: false });
    viewer.previewTile(announce(view, key, view.tiles[0]!));
    await settle();
    expect(state().mark).toMatchObject({ done: 1 });
    expect(drawn.at(-1)!.address).toBe(`preview/3/${key}/0/${view.tiles[0]!.x}/${view.tiles[0]!.y}`);
    for (const tile of view.tiles) viewer.previewTile(announce(view, key, tile));
    await settle();
    expect(state().mark).toBeNull();
    expect(state().settled).toBe(true);
  });

  it("keeps the preview before in place until its successor comes", async () => {
    const { viewer, views, drawn, settle, state } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    await settle();
    const view = views[0]!;
    const old = `key-${JSON.stringify(view.recipe).length}-0.5`;
    for (const tile of view.tiles) viewer.previewTile(announce(view, old, tile));
    await settle();
    viewer.show({ ...subject, recipe: recipe(0.7) });
    await settle();
    expect(state().mark).toMatchObject({ done: 0 });
    expect(drawn.some((one) => one.address.startsWith(`preview/3/${old}/`))).toBe(true);
    // Late news of the recipe before does not count.
    viewer.previewTile(announce(view, old, view.tiles[0]!));
    await settle();
    expect(state().mark).toMatchObject({ done: 0 });
  });

  it("shows the saved result in its own pixels", async () => {
    const { viewer, views, loaded, settle, state } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show({ ...subject, scale: 2, result: { key: "r9", size: { width: 12096, height: 8064 } } });
    await settle();
    expect(views).toHaveLength(0);
    expect(loaded.some((url) => url.startsWith("result/r9/3/"))).toBe(true);
    expect(state().settled).toBe(true);
    viewer.oneToOne();
    await settle();
    expect(state().zoom).toBeCloseTo(1);
    expect(viewer.camera.scale).toBe(2);
    expect(loaded.some((url) => url.startsWith("result/r9/0/"))).toBe(true);
    expect(loaded.some((url) => url.startsWith("source/3/0/"))).toBe(true);
  });

  it("zooms to the cursor and back to fitting", async () => {
    const { viewer, settle, state } = setUp(2);
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    viewer.zoomBy(4, { x: 100, y: 200 });
    await settle();
    expect(state().fits).toBe(false);
    viewer.zoomBy(0.0001);
    await settle();
    expect(state().fits).toBe(true);
    viewer.toggleOneToOne();
    await settle();
    expect(state().zoom).toBeCloseTo(1);
    expect(viewer.camera.scale).toBe(0.5);
    viewer.toggleOneToOne();
    await settle();
    expect(state().fits).toBe(true);
  });

  it("links the two panes of the side by side view", async () => {
    const { viewer, drawn, settle, state } = setUp();
    viewer.resize({ width: 1012, height: 700 });
    viewer.setMode("side");
    viewer.show(subject);
    await settle();
    const [left, right] = state().boxes;
    expect(right!.width).toBeCloseTo(left.width);
    expect(right!.x - left.x).toBeCloseTo(512);
    const thumbs = drawn.filter((one) => one.address === "thumb/3");
    expect(thumbs).toHaveLength(2);
    expect(thumbs[1]!.x - thumbs[0]!.x).toBe(512);
  });

  it("starts anew with another photo", async () => {
    const { viewer, views, settle, state } = setUp();
    viewer.resize({ width: 900, height: 700 });
    viewer.show(subject);
    viewer.oneToOne();
    await settle();
    viewer.show({ ...subject, id: 4, size: { width: 600, height: 800 }, thumbnail: null });
    await settle();
    expect(state().fits).toBe(true);
    expect(views.at(-1)).toMatchObject({ photo: 4 });
  });

  describe("of a photo that is framed anew", () => {
    const LEFT_HALF = { turn: 0, left: 0, top: 0, right: 5000, bottom: 10_000 };
    const halved: Subject = {
      ...subject,
      framing: LEFT_HALF,
      size: { width: 3024, height: 4032 },
      recipe: { version: 1, steps: [{ step: "crop", degrees: 0, x: 0, y: 0, width: 0.5, height: 1 }, ...subject.recipe.steps] },
    };

    it("asks again for what it has just gone away from, and shows it", async () => {
      const { viewer, views, settle, state } = setUp();
      viewer.resize({ width: 900, height: 700 });
      viewer.show(subject);
      await settle();
      // There and back before the studio was told.
      viewer.show(halved);
      viewer.show(subject);
      await settle();
      expect(views).toHaveLength(2);
      expect(views[1]).toEqual(views[0]);
      for (const tile of views[1]!.tiles) viewer.previewTile(announce(views[1]!, keyOf(views[1]!), tile));
      await settle();
      expect(state().mark).toMatchObject({ done: views[1]!.tiles.length });
    });

    it("takes no answer for the framing before", async () => {
      const answers: ((key: string) => void)[] = [];
      const { viewer, views, drawn, settle, state } = setUp(1, { answer: () => new Promise<string>((done) => answers.push(done)) });
      viewer.resize({ width: 900, height: 700 });
      viewer.show(subject);
      await settle();
      viewer.show(halved);
      answers[0]!("before");
      for (const tile of views[0]!.tiles) viewer.previewTile(announce(views[0]!, "before", tile));
      await settle();
      expect(drawn.some((one) => one.address.includes("before"))).toBe(false);
      answers[1]!("after");
      await settle();
      for (const tile of views[1]!.tiles) viewer.previewTile(announce(views[1]!, "after", tile));
      await settle();
      expect(state().mark).toMatchObject({ done: views[1]!.tiles.length });
      expect(drawn.some((one) => one.address.includes("before"))).toBe(false);
    });

    it("lets the studio stop at a view that nobody waits for any more", async () => {
      const { viewer, settle, cleared } = setUp();
      viewer.resize({ width: 900, height: 700 });
      viewer.show(halved);
      await settle();
      viewer.show({ ...subject, untouched: true, previewable: false });
      await settle();
      expect(cleared()).toBe(1);
    });

    it("shows the thumbnail, turned and cut, until tiles are there", async () => {
      const { viewer, drawn, settle, state } = setUp(1, { loads: (url) => url.startsWith("thumb/") });
      viewer.resize({ width: 900, height: 700 });
      viewer.show(halved);
      await settle();
      const box = state().boxes[0];
      const [cut] = drawn;
      expect(cut).toMatchObject({ address: "thumb/3", turned: 0 });
      expect([cut!.x, cut!.y]).toEqual([expect.closeTo(box.x), expect.closeTo(box.y)]);
      expect([cut!.width, cut!.height]).toEqual([expect.closeTo(box.width * 2), expect.closeTo(box.height)]);
      // Turned by five degrees the photo's own shape is kept, about the same middle.
      const share = 1 / (Math.cos(Math.PI / 36) + 1.5 * Math.sin(Math.PI / 36));
      const size = { width: Math.floor(6048 * share), height: Math.floor(4032 * share) };
      viewer.show({ ...subject, framing: { turn: 500, left: 0, top: 0, right: 10_000, bottom: 10_000 }, size });
      await settle();
      const whole = state().boxes[0];
      const [turned] = drawn;
      expect(turned!.turned).toBeCloseTo(Math.PI / 36);
      expect(turned!.width / whole.width).toBeCloseTo(1 / share, 3);
      expect(turned!.x + turned!.width / 2).toBeCloseTo(whole.x + whole.width / 2);
      expect(turned!.y + turned!.height / 2).toBeCloseTo(whole.y + whole.height / 2);
    });

    it("stays as near as it is, at about the same place", async () => {
      const { viewer, settle, state } = setUp();
      viewer.resize({ width: 900, height: 700 });
      viewer.show(subject);
      viewer.oneToOne({ x: 600, y: 200 });
      await settle();
      const { x, y, scale } = viewer.camera;
      viewer.show({ ...subject, framing: { turn: 100, left: 0, top: 0, right: 10_000, bottom: 10_000 }, size: { width: 5892, height: 3928 } });
      await settle();
      expect(state().fits).toBe(false);
      expect(viewer.camera.scale).toBe(scale);
      expect(viewer.camera.x / 5892).toBeCloseTo(x / 6048);
      expect(viewer.camera.y / 3928).toBeCloseTo(y / 4032);
      // So little is left that all of it is seen.
      viewer.show({ ...halved, framing: { ...LEFT_HALF, right: 500, bottom: 500 }, size: { width: 302, height: 202 } });
      await settle();
      expect(state().fits).toBe(true);
    });
  });
});
