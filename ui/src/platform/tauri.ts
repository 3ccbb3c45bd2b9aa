/** The desktop shell. */
import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { open, save } from "@tauri-apps/plugin-dialog";

import type { Commands, Event } from "../contract/generated";
import { words } from "../i18n";
import { asProblem, PHOTO_EXTENSIONS, type CommandName, type Drop, type Host } from "./types";

export function insideTauri(): boolean {
  return "__TAURI_INTERNALS__" in window;
}

export function tauriHost(): Host {
  // `photo://localhost/` on Linux and macOS, `http://photo.localhost/` on Windows.
  const scheme = convertFileSrc("", "photo");
  // Files held over the window are named once, when they come in; later moves say only where they are.
  let held: string[] = [];
  return {
    async call<Name extends CommandName>(name: Name, request: Commands[Name]["request"]) {
      try {
        return await invoke<Commands[Name]["reply"]>("command", { name, payload: request });
      } catch (thrown) {
        throw asProblem(thrown);
      }
    },
    listen: (hear) => listen<Event>("studio", (message) => hear(message.payload)),
    photoUrl: (address) => scheme + address,
    onDrop: (hear: (drop: Drop) => void) =>
      getCurrentWebview().onDragDropEvent(({ payload }) => {
        if (payload.type === "enter") {
          held = payload.paths;
          hear({ kind: "over", paths: held });
        } else if (payload.type === "drop") {
          hear({ kind: "drop", paths: payload.paths });
        } else if (payload.type === "leave") {
          hear({ kind: "leave" });
        }
      }),
    async choosePhotos() {
      const filters = [{ name: words.dialog.photos, extensions: PHOTO_EXTENSIONS }];
      return (await open({ multiple: true, title: words.dialog.choosePhotos, filters })) ?? [];
    },
    chooseFolder: () => open({ directory: true, multiple: false, recursive: true, title: words.dialog.chooseFolder }),
    chooseTarget: (name) => save({ title: words.dialog.chooseTarget, defaultPath: name }),
  };
}
