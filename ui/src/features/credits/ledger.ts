/** The credit ledger as a person reads it: one line for what was spent, balances, weeks. Pure. */
import type { CreditEntry } from "../../contract/generated";

export interface Line {
  id: string;
  at: number;
  kind: string;
  cause: string;
  causeId: string;
  /** Change as a person understands it: what was spent counts when it is spent. */
  amount: number;
  /** What is left of the credits after this line and all below it. */
  balance: number;
}

/**
 * Entries, newest first, as lines. Spending is two movements (held, then taken); where both are known they are one line. `available` is what can
 * be spent now: balances are counted back from it by what each line says, so that they add up as they are read, also where several jobs were held
 * for at once.
 */
export function readable(entries: readonly CreditEntry[], available: number): Line[] {
  const captured = new Set(entries.filter((entry) => entry.kind === "capture").map((entry) => entry.cause_id));
  let balance = available;
  const lines: Line[] = [];
  for (const entry of entries) {
    if (entry.kind === "hold" && captured.has(entry.cause_id)) continue;
    const amount = entry.kind === "capture" ? entry.held + entry.available : entry.available;
    lines.push({ id: entry.id, at: entry.at, kind: entry.kind, cause: entry.cause_type, causeId: entry.cause_id, amount, balance });
    balance -= amount;
  }
  return lines;
}

const WEEK_MS = 7 * 86_400_000;

/** Credits spent in each of the last weeks, oldest first; the last is the week of `now`, which begins on a Monday. */
export function weeksOf(entries: readonly CreditEntry[], now: Date, count: number): number[] {
  const monday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - ((now.getDay() + 6) % 7));
  const weeks = new Array<number>(count).fill(0);
  for (const entry of entries) {
    if (entry.kind !== "capture") continue;
    // Rounded, because a week in which the clocks change is an hour longer or shorter.
    const ago = Math.max(0, Math.ceil((monday.getTime() - entry.at / 1000) / WEEK_MS));
    const index = count - 1 - ago;
    if (index >= 0) weeks[index]! -= entry.held + entry.available;
  }
  return weeks;
}
