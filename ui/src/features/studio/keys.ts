/** The keyboard of the whole window. What a focused control wants for itself never gets here. */
import type { App, Page } from "../../state/app.svelte";
import { critiqueKey } from "../critique/keys";
import { cropKey } from "../crop/keys";
import { viewerCommands } from "../viewer/commands";

/** Pages in the order of the rail; those of the service only where there is one. */
export function pagesOf(offered: boolean): readonly Page[] {
  return offered ? ["studio", "queue", "critiques", "privacy", "account", "settings"] : ["studio", "queue", "settings"];
}

/** Order of the areas that F6 goes through; elements carry their name as `data-area`. */
export const AREAS = ["rail", "bar", "viewer", "strip", "recipe", "main"] as const;

function writes(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button"].includes(target.type);
}

/** First element in an area that can take the focus, or the area itself. */
function entryOf(area: HTMLElement): HTMLElement | null {
  const wanted = 'button:not(:disabled):not([tabindex="-1"]), [href], input:not(:disabled):not([tabindex="-1"]), [tabindex="0"]';
  if (area.matches(wanted)) return area;
  return area.querySelector<HTMLElement>('[aria-current="page"]') ?? area.querySelector<HTMLElement>(wanted);
}

export function nextArea(backwards: boolean): void {
  const areas = AREAS.map((name) => document.querySelector<HTMLElement>(`[data-area="${name}"]`)).filter((area) => area !== null);
  if (areas.length === 0) return;
  // Areas may lie within each other (the main button in the recipe): the innermost that holds the focus counts.
  const at = areas.findLastIndex((area) => area.contains(document.activeElement));
  for (let turn = 1; turn <= areas.length; turn += 1) {
    const index = (((at < 0 && backwards ? 0 : at) + (backwards ? -turn : turn)) % areas.length + areas.length) % areas.length;
    const entry = entryOf(areas[index]!);
    if (entry) {
      entry.focus();
      return;
    }
  }
}

export function handleKeys(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented) return;
  // AltGr types signs; some systems report it as Ctrl and Alt together.
  const types = event.getModifierState("AltGraph");
  const command = (event.ctrlKey || event.metaKey) && !types;
  const take = (run: () => void) => {
    event.preventDefault();
    run();
  };

  if (event.key === "F6") return take(() => nextArea(event.shiftKey));
  if (command && event.key === "Enter") return take(() => app.runMain());
  if (writes(event.target) || document.querySelector("dialog[open]")) return;

  const photos = app.page === "studio" && app.studio.photos.size > 0;
  if (command) {
    if (!photos || event.altKey) return;
    const letter = event.key.toLowerCase();
    if (letter === "z") return take(() => (event.shiftKey ? app.edits.redo(app.picked) : app.edits.undo(app.picked)));
    if (letter === "y") return take(() => app.edits.redo(app.picked));
    if (letter === "a") return take(() => app.pickAll());
    return;
  }
  const viewer = viewerCommands();
  // Before the next line: this sign may be typed with Alt or AltGr.
  if (event.key === "\\" && viewer) return take(() => app.holdOriginal.hold(event.code));
  if (event.altKey) return;
  if (app.page === "critiques" && critiqueKey(event, app.critiques)) {
    event.preventDefault();
    return;
  }
  if (event.key === "?") return take(() => (app.keysShown = true));
  if (/^[1-6]$/.test(event.key)) {
    const page = pagesOf(app.service.offered)[Number(event.key) - 1];
    if (page) take(() => (app.page = page));
    return;
  }
  if (!photos) return;
  if (cropKey(event, app)) {
    event.preventDefault();
    return;
  }

  switch (event.key) {
    case "z":
    case "Z":
      return take(() => viewer?.toggleOneToOne());
    case "f":
    case "F":
      return take(() => viewer?.fit());
    case "+":
    case "=":
      return take(() => viewer?.zoomIn());
    case "-":
    case "_":
      return take(() => viewer?.zoomOut());
    case "c":
    case "C":
      if (app.service.offered) take(() => app.askFor("critique"));
      return;
    case "e":
    case "E":
      return take(() => app.enhancePicked());
    case "Escape":
      if (app.selection.picked.size > 1 && app.selection.current !== null) app.pick(app.selection.current);
      return;
    case "Delete":
      return take(() => app.removePicked());
    case "ArrowLeft":
    case "ArrowRight":
      // Nothing that has the focus wants them: on to the next photo.
      return take(() => app.step(event.key === "ArrowLeft" ? -1 : 1, event.shiftKey));
  }
}
