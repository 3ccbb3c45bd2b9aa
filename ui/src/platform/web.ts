/**
 * The loopback host of the browser tests: the same commands over HTTP, events as server-sent events. Its token comes in the URL's
 * fragment (`#token=…`), which a browser never sends to a server, and is taken out of the address bar at once.
 */
import type { Commands, Event } from "../contract/generated";
import { asProblem, type CommandName, type Drop, type Host } from "./types";

/** What a test may put on `window` to answer the dialogs, which a browser cannot show for paths. */
interface TestHooks {
  choosePhotos?: () => string[];
  chooseFolder?: () => string | null;
  chooseTarget?: (name: string) => string | null;
}

declare global {
  interface Window {
    prettyTest?: TestHooks;
  }
}

/** Event that a test sends to the window to drop files on it; its detail is a {@link Drop}. */
export const DROP_EVENT = "pretty-drop";

export function takeToken(location: Location, history: History): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

export function webHost(token: string | null): Host {
  const query = token === null ? "" : `?token=${encodeURIComponent(token)}`;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== null) headers["authorization"] = `Bearer ${token}`;
  return {
    async call<Name extends CommandName>(name: Name, request: Commands[Name]["request"]) {
      let response: Response;
      try {
        response = await fetch(`/command/${name}`, { method: "POST", headers, body: JSON.stringify(request) });
      } catch (thrown) {
        throw asProblem(thrown);
      }
      const body: unknown = await response.json().catch(() => null);
      if (!response.ok) throw asProblem(body ?? new Error(`${name} was answered with ${response.status}`));
      return body as Commands[Name]["reply"];
    },
    listen: (hear) =>
      new Promise((resolve) => {
        const source = new EventSource(`/events${query}`);
        source.onmessage = (message) => hear(JSON.parse(message.data as string) as Event);
        source.onopen = () => resolve(() => source.close());
      }),
    photoUrl: (address) => `/photo/${address}${query}`,
    onDrop(hear) {
      const relay = (event: globalThis.Event) => hear((event as CustomEvent<Drop>).detail);
      window.addEventListener(DROP_EVENT, relay);
      return Promise.resolve(() => window.removeEventListener(DROP_EVENT, relay));
    },
    choosePhotos: () => Promise.resolve(window.prettyTest?.choosePhotos?.() ?? []),
    chooseFolder: () => Promise.resolve(window.prettyTest?.chooseFolder?.() ?? null),
    chooseTarget: (name) => Promise.resolve(window.prettyTest?.chooseTarget?.(name) ?? null),
  };
}
