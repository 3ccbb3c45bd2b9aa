/**
 * Which photos are picked, as file managers do it: a click picks one, Ctrl or Cmd adds or takes away one, Shift picks a range from where
 * the last plain pick was. Pure: a selection goes in, a selection comes out. `current` is the one in the viewer.
 */
import type { PhotoId } from "../contract/generated";

export interface Selection {
  readonly current: PhotoId | null;
  /** Where a range starts. */
  readonly anchor: PhotoId | null;
  readonly picked: ReadonlySet<PhotoId>;
}

export const NOTHING: Selection = { current: null, anchor: null, picked: new Set() };

export function pickOne(photo: PhotoId): Selection {
  return { current: photo, anchor: photo, picked: new Set([photo]) };
}

export function pickAll(selection: Selection, order: readonly PhotoId[]): Selection {
  const current = selection.current ?? order[0] ?? null;
  return { current, anchor: selection.anchor ?? current, picked: new Set(order) };
}

/** Adds a photo or takes it away; the last one picked stays. */
export function toggle(selection: Selection, photo: PhotoId, order: readonly PhotoId[]): Selection {
  const picked = new Set(selection.picked);
  if (!picked.has(photo)) {
    picked.add(photo);
    return { current: photo, anchor: photo, picked };
  }
  if (picked.size === 1) return selection;
  picked.delete(photo);
  const current = selection.current === photo ? nearestPicked(photo, picked, order) : selection.current;
  return { current, anchor: current, picked };
}

function nearestPicked(photo: PhotoId, picked: ReadonlySet<PhotoId>, order: readonly PhotoId[]): PhotoId | null {
  const from = order.indexOf(photo);
  let best: PhotoId | null = null;
  let distance = Infinity;
  order.forEach((other, index) => {
    if (picked.has(other) && Math.abs(index - from) < distance) {
      best = other;
      distance = Math.abs(index - from);
    }
  });
  return best;
}

/** Picks everything from the anchor to the photo. */
export function pickRange(selection: Selection, photo: PhotoId, order: readonly PhotoId[]): Selection {
  const anchor = selection.anchor !== null && order.includes(selection.anchor) ? selection.anchor : photo;
  const from = order.indexOf(anchor);
  const to = order.indexOf(photo);
  if (to < 0) return selection;
  return { current: photo, anchor, picked: new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)) };
}

/** Goes on by so many photos, stopping at the ends; with `extend` the range grows. */
export function step(selection: Selection, by: number, order: readonly PhotoId[], extend: boolean): Selection {
  if (order.length === 0) return selection;
  const at = selection.current === null ? -1 : order.indexOf(selection.current);
  const next = at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + by));
  const photo = order[next]!;
  return extend ? pickRange(selection, photo, order) : pickOne(photo);
}

/**
 * After photos have come or gone. What is gone is no longer picked; when the current one is gone, the one that took its place is picked.
 * `before` is the order until now.
 */
export function settle(selection: Selection, before: readonly PhotoId[], order: readonly PhotoId[]): Selection {
  const there = new Set(order);
  if (order.length === 0) return selection.current === null && selection.picked.size === 0 ? selection : NOTHING;
  if (selection.current === null) return pickOne(order[0]!);
  const picked = [...selection.picked].filter((photo) => there.has(photo));
  if (there.has(selection.current)) {
    if (picked.length === selection.picked.size) return selection;
    const anchor = selection.anchor !== null && there.has(selection.anchor) ? selection.anchor : selection.current;
    return { current: selection.current, anchor, picked: new Set(picked) };
  }
  const at = before.indexOf(selection.current);
  const after = before.slice(at + 1).find((photo) => there.has(photo));
  const earlier = before.slice(0, Math.max(0, at)).reverse().find((photo) => there.has(photo));
  return pickOne(after ?? earlier ?? order[0]!);
}
