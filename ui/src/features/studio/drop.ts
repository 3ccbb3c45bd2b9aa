/** What the drop overlay says of the paths held over the window. A path whose name has no extension is taken for a folder. */
import type { Catalogue } from "../../i18n/en";

export function dropWords(paths: readonly string[], words: Catalogue["drop"]): string {
  const folders = paths.filter((path) => !/[^/\\]\.[A-Za-z0-9]{1,5}$/.test(path)).length;
  if (folders === 0) return words.photos(paths.length);
  return folders === paths.length ? words.folders(folders) : words.mixed(paths.length);
}
