/** Moments and sums for people. A moment is microseconds since 1970, as everywhere on the wire. */

const LOCALE = "en-GB";
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const dayOfYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** "18 Dec", with the year when it is another one. */
export function day(moment: number, now: Date = new Date()): string {
  const date = new Date(moment / 1000);
  return (date.getFullYear() === now.getFullYear() ? dayOfYear : dayAndYear).format(date).replace("Sept", "Sep");
}

/** "Today, 14:06", "Yesterday, 22:10", "21 Nov, 09:40", "2 Nov 2025". */
export function dayAndTime(moment: number, now: Date = new Date()): string {
  const date = new Date(moment / 1000);
  const ago = Math.round((midnight(now) - midnight(date)) / DAY_MS);
  if (ago === 0) return `Today, ${clock.format(date)}`;
  if (ago === 1) return `Yesterday, ${clock.format(date)}`;
  return date.getFullYear() === now.getFullYear() ? `${day(moment, now)}, ${clock.format(date)}` : day(moment, now);
}

/** "today", "yesterday" or the day. */
export function dayInWords(moment: number, now: Date = new Date()): string {
  const ago = Math.round((midnight(now) - midnight(new Date(moment / 1000))) / DAY_MS);
  return ago === 0 ? "today" : ago === 1 ? "yesterday" : day(moment, now);
}

/** Digits after the point of a currency: two of the euro, none of the yen. */
function digits(currency: string): number {
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** "€8.00" of 800 euro cents. A currency that is no currency is shown as it came. */
export function money(minor: number, currency: string): string {
  const code = currency.toUpperCase();
  try {
    return new Intl.NumberFormat(LOCALE, { style: "currency", currency: code }).format(minor / 10 ** digits(code));
  } catch {
    return `${minor / 100} ${code}`;
  }
}

/** "+30", "−1", "0". */
export function signed(amount: number): string {
  if (amount === 0) return "0";
  return amount > 0 ? `+${amount}` : `−${-amount}`;
}
