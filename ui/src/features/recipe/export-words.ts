/** The line that says where results go, while the section is closed. Pure. */
import type { Export, Format } from "../../contract/generated";
import { formatName, hasQuality } from "../../i18n/numbers";
import type { Catalogue } from "../../i18n/en";

/** Last part of a path, on any system. */
export function folderName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== "");
  return parts.at(-1) ?? path;
}

/** "JPEG 92 · beside the original". `own` is the format in which this photo's result is written unless another is chosen. */
export function exportLine(setting: Export, own: Format | null, words: Catalogue["recipe"]): string {
  const format = setting.format ?? own;
  const what = format === null ? words.ownFormat : hasQuality(format) ? `${formatName(format)} ${setting.quality}` : formatName(format);
  return `${what} · ${setting.folder === null ? words.besideShort : words.inFolder(folderName(setting.folder))}`;
}
