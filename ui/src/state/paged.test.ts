import { describe, expect, it } from "vitest";

import { Paged, type PageOf } from "./paged.svelte";

const page = (items: number[], more: boolean): PageOf<number> => ({ items, more });

describe("a list in pages", () => {
  it("adds pages until there are no more", async () => {
    const asked: (number | null)[] = [];
    const list = new Paged<number>((after) => {
      asked.push(after);
      return Promise.resolve(after === null ? page([1, 2], true) : page([3], false));
    });
    await list.first();
    await list.next();
    await list.next();
    expect(list.items).toEqual([1, 2, 3]);
    expect(asked).toEqual([null, 2]);
  });

  it("keeps what it shows while it asks anew, and when that fails", async () => {
    let answer = () => Promise.resolve(page([1], false));
    const list = new Paged<number>(() => answer());
    await list.first();
    answer = () => Promise.reject({ code: "internal", message: "No network.", retryable: true });
    const asked = list.first();
    expect([list.items, list.loading]).toEqual([[1], true]);
    await asked;
    expect([list.items, list.loading, list.problem?.message]).toEqual([[1], false, "No network."]);
  });

  it("drops an answer that a later question has overtaken", async () => {
    const answers: ((page: PageOf<number>) => void)[] = [];
    const list = new Paged<number>(() => new Promise((resolve) => answers.push(resolve)));
    const first = list.first();
    const second = list.first();
    answers[1]!(page([2], false));
    answers[0]!(page([1], false));
    await Promise.all([first, second]);
    expect(list.items).toEqual([2]);
  });
});
