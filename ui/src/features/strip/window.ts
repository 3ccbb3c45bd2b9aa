/** Which photos of a long strip are drawn. Pure. */
export interface Drawn {
  from: number;
  /** Behind the last. */
  to: number;
}

/** Photos in view and a few beyond, so that a fast scroll shows pictures and not gaps. */
export function drawn(scrolled: number, width: number, pitch: number, count: number, beyond = 6): Drawn {
  const from = Math.max(0, Math.floor(scrolled / pitch) - beyond);
  const to = Math.min(count, Math.ceil((scrolled + width) / pitch) + beyond);
  return { from: Math.min(from, count), to: Math.max(to, 0) };
}

/** How far to scroll so that a photo is wholly in view; unchanged when it is. */
export function scrolledTo(index: number, scrolled: number, width: number, pitch: number, edge: number): number {
  const left = index * pitch;
  const right = left + pitch + 2 * edge;
  if (left < scrolled) return Math.max(0, left);
  return right > scrolled + width ? right - width : scrolled;
}
