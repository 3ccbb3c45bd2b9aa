/** Finds out what hosts the window. */
import { insideTauri, tauriHost } from "./tauri";
import type { Host } from "./types";
import { takeToken, webHost } from "./web";

export type { CommandName, Drop, Host, Unlisten } from "./types";
export { asProblem } from "./types";

export async function findHost(): Promise<Host> {
  if (insideTauri()) return tauriHost();
  if (__DEMO__ && new URLSearchParams(location.search).has("fake")) {
    const { demoHost } = await import("./fake/demo");
    return demoHost(new URLSearchParams(location.search));
  }
  return webHost(takeToken(location, history));
}
