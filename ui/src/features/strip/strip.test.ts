import { describe, expect, it } from "vitest";

import type { Photo } from "../../contract/generated";
import { en } from "../../i18n/en";
import { fakeResult, FakeStudio } from "../../platform/fake/studio";
import { captionOf, fullCaption, shortName } from "./caption";
import { drawn, scrolledTo } from "./window";

const photo = new FakeStudio().put("/p/DSCF0482.jpg");
const caption = (state: Photo["state"]) => captionOf({ ...photo, state }, en.strip);

describe("captions", () => {
  it("says each state in a few words", () => {
    expect(caption({ kind: "opening" })).toEqual({ sign: "opening", text: "Opening" });
    expect(caption({ kind: "ready" })).toEqual({ sign: "none", text: "DSCF0482" });
    expect(caption({ kind: "waiting", position: 3 })).toEqual({ sign: "waits", text: "Waits, 3rd" });
    expect(caption({ kind: "working", progress: 0.62, seconds_left: 7 })).toEqual({ sign: "works", text: "62 % · 7 s left" });
    expect(caption({ kind: "working", progress: 0, seconds_left: null })).toEqual({ sign: "works", text: "0 %" });
    expect(caption({ kind: "done", result: fakeResult(photo, 18) })).toEqual({ sign: "done", text: "Done · 18 s" });
    expect(caption({ kind: "done", result: fakeResult(photo, 18, ["A note."]) }).sign).toBe("noted");
    expect(caption({ kind: "failed", problem: { code: "file_damaged", message: "m", retryable: false } })).toEqual({ sign: "failed", text: "File is damaged" });
  });

  it("gives the whole sentence as the name", () => {
    const failed: Photo = { ...photo, state: { kind: "failed", problem: { code: "file_damaged", message: "It ends early.", retryable: false } } };
    expect(fullCaption(failed, en.strip)).toBe("DSCF0482.jpg: File is damaged. It ends early.");
    expect(fullCaption({ ...photo, state: { kind: "done", result: fakeResult(photo, 18, ["A note."]) } }, en.strip)).toContain("A note.");
  });

  it("shortens names and nothing else", () => {
    expect(shortName("a.b.jpg")).toBe("a.b");
    expect(shortName(".hidden")).toBe(".hidden");
    expect(shortName("写真.jpeg")).toBe("写真");
  });
});

describe("a long strip", () => {
  it("draws what is in view and a little more", () => {
    expect(drawn(0, 880, 106, 500)).toEqual({ from: 0, to: 15 });
    expect(drawn(106 * 200, 880, 106, 500)).toEqual({ from: 194, to: 215 });
    expect(drawn(106 * 499, 880, 106, 500)).toEqual({ from: 493, to: 500 });
    expect(drawn(0, 880, 106, 0)).toEqual({ from: 0, to: 0 });
  });

  it("scrolls no further than needed", () => {
    expect(scrolledTo(2, 0, 880, 106, 16)).toBe(0);
    expect(scrolledTo(20, 0, 880, 106, 16)).toBe(20 * 106 + 106 + 32 - 880);
    expect(scrolledTo(3, 1000, 880, 106, 16)).toBe(318);
  });
});
