/** Keys of an open critique: 1 to 9 for a place, arrow keys for the next one. They come before the window's own. */
import type { Critiques } from "../../state/critiques.svelte";

export function critiqueKey(event: KeyboardEvent, critiques: Critiques): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || critiques.critique === null) return false;
  if (/^[1-9]$/.test(event.key)) {
    critiques.choose(Number(event.key));
    return true;
  }
  if (critiques.trial !== null && event.key === "Escape") {
    critiques.takeBack();
    return true;
  }
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return false;
  critiques.step(by);
  return true;
}
