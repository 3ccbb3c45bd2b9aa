/** What a menu holds. */
export type MenuItem =
  | { kind: "action"; label: string; keys?: string; danger?: boolean; disabled?: boolean; run: () => void }
  | { kind: "choice"; label: string; note?: string; checked: boolean; disabled?: boolean; run: () => void }
  | { kind: "line" }
  | { kind: "head"; label: string };

/** Where a menu opens from, in screen pixels; a point has no size. */
export interface From {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Place {
  left: number;
  top: number;
  /** Most height there is room for. */
  room: number;
}

const EDGE = 8;
const GAP = 4;

/** Below what it opens from, or above when there is more room; never out of the window. Pure. */
export function placeMenu(from: From, menu: { width: number; height: number }, page: { width: number; height: number }, align: "start" | "end"): Place {
  const below = page.height - from.bottom - EDGE;
  const above = from.top - EDGE;
  const under = menu.height + GAP <= below || below >= above;
  const left = align === "end" ? from.right - menu.width : from.left;
  return {
    left: Math.max(EDGE, Math.min(left, page.width - menu.width - EDGE)),
    top: under ? from.bottom + GAP : Math.max(EDGE, from.top - GAP - Math.min(menu.height, above - GAP)),
    room: Math.max(80, (under ? below : above) - GAP),
  };
}
