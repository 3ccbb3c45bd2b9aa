/**
 * Times for people. A time is only ever a measured one; what is rounded says "about". Never more exact than it can be: seconds up to a
 * minute, tens of seconds up to ten minutes, minutes beyond.
 */

/** "18 s", "3 min 40 s", "12 min", "1 h 20 min". Never "0 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 1.5) return "1 s";
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 595) {
    const tens = Math.max(6, Math.round(seconds / 10));
    const minutes = Math.floor(tens / 6);
    const rest = (tens % 6) * 10;
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** As {@link duration}, with "about" once it is rounded. */
export function aboutDuration(seconds: number): string {
  return seconds < 59.5 ? duration(seconds) : `about ${duration(seconds)}`;
}
