/** Saving a critique as a document. */
import type { CritiqueLine, DocumentFormat } from "../../contract/generated";
import type { MenuItem } from "../../components/menu";
import { words } from "../../i18n";
import type { App } from "../../state/app.svelte";

const ENDINGS: Record<DocumentFormat, string> = { pdf: "pdf", markdown: "md" };

/** "P1040219-critique.pdf": the photo's name without its ending, and nothing that a file system dislikes. */
export function documentName(line: Pick<CritiqueLine, "name" | "kind">, format: DocumentFormat): string {
  const stem = (line.name ?? "photo").replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[\\/:*?"<>|\u0000-\u001f]+/g, "-");
  return `${stem}-${line.kind === "compare" ? "comparison" : "critique"}.${ENDINGS[format]}`;
}

export function documentMenu(app: App, line: CritiqueLine): MenuItem[] {
  const w = words.service.critique;
  const item = (format: DocumentFormat, label: string): MenuItem => ({
    kind: "action",
    label,
    run: () =>
      void app.studio.saveAs(documentName(line, format), async (path) => {
        await app.studio.host.call("export_critique", { id: line.id, format, path });
        app.messages.say({ kind: "passing", tone: "ok", text: w.exported(path) });
      }),
  });
  return [item("pdf", w.pdf), item("markdown", w.markdown)];
}
