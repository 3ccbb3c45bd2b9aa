/** What a slider's keys and pointer do to its value. Pure. */
export interface Range {
  min: number;
  max: number;
  /** Where Home and a double click go; the minimum when there is none. */
  home: number | null;
  /** The smallest change; 1 when absent. */
  step?: number;
}

/** In the range, and a whole number of steps. */
function clamp(value: number, range: Range): number {
  const step = range.step ?? 1;
  // 0.1 has no exact number: what is shown and sent is rounded anew.
  const whole = Number((Math.round(value / step) * step).toFixed(6));
  return Math.min(range.max, Math.max(range.min, whole));
}

/** The value after a key, or null when the key is not the slider's. */
export function afterKey(value: number, key: string, shift: boolean, range: Range): number | null {
  const one = range.step ?? 1;
  const step = shift ? 10 * one : one;
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return clamp(value + step, range);
    case "ArrowLeft":
    case "ArrowDown":
      return clamp(value - step, range);
    case "PageUp":
      return clamp(value + 10 * one, range);
    case "PageDown":
      return clamp(value - 10 * one, range);
    case "Home":
      return clamp(range.home ?? range.min, range);
    case "End":
      return range.max;
    default:
      return null;
  }
}

/** The value under a pointer: `along` from 0 at the left end of the track to 1 at the right. */
export function atPointer(along: number, range: Range): number {
  return clamp(range.min + along * (range.max - range.min), range);
}

/** What a typed text means, or null when it is no number. */
export function typed(text: string, range: Range): number | null {
  const value = Number(text.trim().replace("%", "").replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? null : clamp(value, range);
}
