/** Keys of the crop tool: R begins and ends it; while it is open Enter ends it, Escape gives up and X turns the shape. They come before the window's own. */
import type { App } from "../../state/app.svelte";

/** What they would do to the photo is out of place while its crop is drawn: the whole of it stays in view, and stays on the list. */
const IDLE: readonly string[] = ["z", "f", "+", "=", "-", "_", "delete"];

export function cropKey(event: KeyboardEvent, app: App): boolean {
  const photo = app.current;
  const key = event.key.toLowerCase();
  if (key === "r") {
    if (!event.repeat) app.cropping.toggle(photo);
    return true;
  }
  if (photo === null || !app.cropping.of(photo)) return false;
  if (key === "escape") app.cropping.giveUp(photo);
  else if (key === "x") app.cropping.turnShape(photo);
  else if (key === "enter") {
    // A button takes it for itself.
    if (event.target instanceof Element && event.target.closest("button, a[href]")) return false;
    app.cropping.end();
  } else return IDLE.includes(key);
  return true;
}
