/** Whether what is asked for may be sent, and if not, why. Pure. */
import type { ShownQuote } from "../contract/generated";

export type Verdict =
  | { kind: "fine" }
  /** So many credits are to be bought. */
  | { kind: "too_few"; missing: number }
  /** The person's own cap would be passed. */
  | { kind: "over_cap" }
  /** This company has not been agreed to yet. */
  | { kind: "no_consent" };

export function verdictOf(quote: ShownQuote, consent: boolean): Verdict {
  if (quote.price > quote.available) return { kind: "too_few", missing: quote.price - quote.available };
  if (quote.over_cap) return { kind: "over_cap" };
  if (quote.consent_needed && !consent) return { kind: "no_consent" };
  return { kind: "fine" };
}
