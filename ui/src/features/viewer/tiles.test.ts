import { describe, expect, it } from "vitest";

import { TileCache, type Picture } from "./tiles";

function setUp(options: { parallel?: number; roomPixels?: number } = {}) {
  const asked: string[] = [];
  const answers = new Map<string, { resolve: (picture: Picture) => void; reject: (why: Error) => void }>();
  let changes = 0;
  const cache = new TileCache({
    load: (url) => {
      asked.push(url);
      return new Promise((resolve, reject) => answers.set(url, { resolve, reject }));
    },
    url: (address) => `photo:${address}`,
    changed: () => (changes += 1),
    now: () => 7,
    ...options,
  });
  const answer = async (address: string, side = 10) => {
    answers.get(`photo:${address}`)?.resolve({ source: {} as CanvasImageSource, width: side, height: side });
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  };
  const refuse = async (address: string) => {
    answers.get(`photo:${address}`)?.reject(new Error("gone"));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { cache, asked, answer, refuse, changes: () => changes };
}

describe("tile cache", () => {
  it("loads a few at a time, most wanted first", async () => {
    const { cache, asked, answer } = setUp({ parallel: 2 });
    cache.want(["a", "b", "c"]);
    expect(asked).toEqual(["photo:a", "photo:b"]);
    await answer("b");
    expect(asked).toEqual(["photo:a", "photo:b", "photo:c"]);
  });

  it("drops what is no longer wanted before it starts", async () => {
    const { cache, asked, answer } = setUp({ parallel: 1 });
    cache.want(["a", "b", "c"]);
    cache.want(["z"]);
    await answer("a");
    expect(asked).toEqual(["photo:a", "photo:z"]);
  });

  it("asks for nothing twice", async () => {
    const { cache, asked, answer, changes } = setUp();
    cache.want(["a"]);
    cache.want(["a"]);
    await answer("a");
    cache.want(["a"]);
    expect(asked).toEqual(["photo:a"]);
    expect(cache.get("a")?.since).toBe(7);
    expect(changes()).toBe(1);
  });

  it("goes on after a tile that cannot be had", async () => {
    const { cache, asked, refuse } = setUp({ parallel: 1 });
    cache.want(["a", "b"]);
    await refuse("a");
    expect(cache.get("a")).toBeNull();
    expect(cache.settled("a")).toBe(true);
    expect(asked).toEqual(["photo:a", "photo:b"]);
  });

  it("lets the least used go when there is no room", async () => {
    const { cache, answer } = setUp({ roomPixels: 250 });
    cache.want(["a", "b", "c"]);
    await answer("a");
    await answer("b");
    cache.get("a");
    await answer("c");
    expect(cache.get("b")).toBeNull();
    expect(cache.get("c")).not.toBeNull();
  });
});
