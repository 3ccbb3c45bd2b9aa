/** Menu entries for what the service can do with the photos that are picked. */
import type { MenuItem } from "../../components/menu";
import { words } from "../../i18n";
import type { App } from "../../state/app.svelte";

export function proItems(app: App, withCritique: boolean): MenuItem[] {
  const w = words.service.spend;
  const able = app.picked.filter((photo) => photo.facts !== null).length;
  return [
    ...(withCritique ? [{ kind: "action", label: `${w.button}…`, keys: "C", disabled: able === 0, run: () => app.askFor("critique") } satisfies MenuItem] : []),
    { kind: "action", label: `${w.enhanceButton}…`, disabled: able === 0, run: () => app.askFor("enhance") },
    { kind: "action", label: `${w.compareButton}…`, disabled: able !== 2, run: () => app.askFor("compare") },
  ];
}
