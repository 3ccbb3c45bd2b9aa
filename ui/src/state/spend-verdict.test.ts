import { describe, expect, it } from "vitest";

import type { ShownQuote } from "../contract/generated";
import { verdictOf } from "./spend-verdict";

const QUOTE: ShownQuote = {
  each: 1,
  price: 6,
  available: 37,
  sends: { to: "anthropic", long_edge: 1568, media_type: "image/jpeg" },
  bytes: 2_400_000,
  consent_needed: false,
  over_cap: false,
  must_ask: true,
};

describe("what may be sent", () => {
  it.each([
    ["fine", {}, false],
    ["fine", { available: 6 }, false],
    ["too_few", { available: 5 }, false],
    ["over_cap", { over_cap: true }, true],
    ["no_consent", { consent_needed: true }, false],
    ["fine", { consent_needed: true }, true],
    ["too_few", { available: 0, over_cap: true, consent_needed: true }, false],
  ] as const)("is %s with %o and consent %s", (kind, change, consent) => expect(verdictOf({ ...QUOTE, ...change }, consent).kind).toBe(kind));
});
