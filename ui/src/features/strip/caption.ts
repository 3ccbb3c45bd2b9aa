/** What stands under a photo in the strip, and which sign it wears. Pure. */
import type { Photo } from "../../contract/generated";
import { errorWords } from "../../errors/words";
import type { Catalogue } from "../../i18n/en";

export type Sign = "none" | "opening" | "waits" | "works" | "cloud" | "done" | "noted" | "skipped" | "failed";

export interface Caption {
  sign: Sign;
  text: string;
}

/** A name without its extension: there is little room. */
export function shortName(name: string): string {
  return name.replace(/(.)\.[A-Za-z0-9]{1,5}$/, "$1");
}

/** `cloud`: the service has a job for the photo. What is done or failed here is still the greater news, and so is work that goes on. */
export function captionOf(photo: Photo, words: Catalogue["strip"], cloud = false): Caption {
  const state = photo.state;
  if (cloud && state.kind === "ready") return { sign: "cloud", text: words.cloud };
  switch (state.kind) {
    case "opening":
      return { sign: "opening", text: words.opening };
    case "ready":
      return { sign: "none", text: shortName(photo.name) };
    case "waiting":
      return { sign: "waits", text: words.waits(state.position) };
    case "working":
      return { sign: "works", text: words.working(state.progress, state.seconds_left) };
    case "done": {
      const noted = state.result.notes.length > 0;
      return { sign: noted ? "noted" : "done", text: words.done(state.result.seconds) };
    }
    case "skipped":
      return { sign: "skipped", text: words.skipped };
    case "failed":
      return { sign: "failed", text: errorWords(state.problem).title };
  }
}

/** Everything there is to say, for the name of the option and for the tool tip. */
export function fullCaption(photo: Photo, words: Catalogue["strip"], cloud = false): string {
  const state = photo.state;
  if (state.kind === "ready" && !cloud) return words.full(photo.name, words.new);
  if (state.kind === "failed") return `${words.full(photo.name, errorWords(state.problem).title)}. ${state.problem.message}`;
  const caption = words.full(photo.name, captionOf(photo, words, cloud).text);
  return state.kind === "done" && state.result.notes.length > 0 ? `${caption}. ${state.result.notes.join(" ")}` : caption;
}
