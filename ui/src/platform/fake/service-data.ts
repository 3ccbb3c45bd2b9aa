/** What the fake service knows: one person, her credits, what was said about her photos. */
import type { Account, Comparison, CreditEntry, Critique, CritiqueLine, Online, Policy, SentLine } from "../../contract/generated";

export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function fakeAccount(now: number): Account {
  return {
    id: "u1",
    name: "Mara Lindqvist",
    email: "mara@example.org",
    created_at: now - 260 * DAY,
    has_password: true,
    google_linked: true,
    credits: { available: 37, held: 0, frozen: 0, debt: 0 },
    device_id: "d1",
    email_returned: false,
    plan: { name: "pro", state: "active", renews_at: now + 26 * DAY, ends_at: null },
    policy: { current: "2", accepted: "2", must_accept: false },
  };
}

export function fakeOnline(now: number, signedIn: boolean): Online {
  return {
    connection: { offline: false, service: signedIn ? "connected" : "not_asked", sandbox: false, synced_at: signedIn ? now : null, problem: null },
    account: signedIn ? { kind: "signed_in", account: fakeAccount(now), kept: { kind: "keychain" } } : { kind: "signed_out", notice: null },
    devices: signedIn
      ? [
          { id: "d1", kind: "app", name: "mara-desktop", created_at: now - 200 * DAY, seen_at: now, this: true },
          { id: "d2", kind: "app", name: "Mara’s MacBook Air", created_at: now - 90 * DAY, seen_at: now - 16 * HOUR, this: false },
          { id: "d3", kind: "browser", name: "Firefox on Linux", created_at: now - 9 * DAY, seen_at: now - 9 * DAY, this: false },
        ]
      : [],
    catalogue: {
      currency: "eur",
      packs: [
        { code: "pack-20", name: "20 credits", credits: 20, price_minor: 500 },
        { code: "pack-50", name: "50 credits", credits: 50, price_minor: 1100 },
        { code: "pack-150", name: "150 credits", credits: 150, price_minor: 2900 },
      ],
      plans: [{ code: "pro-monthly", name: "Pro", credits_monthly: 30, price_minor: 800, interval: "month" }],
    },
    prices: [
      { kind: "critique", variant: "standard", credits: 1 },
      { kind: "critique", variant: "thorough", credits: 3 },
      { kind: "enhance", variant: "upscale_2x", credits: 2 },
      { kind: "enhance", variant: "upscale_4x", credits: 4 },
      { kind: "compare", variant: "standard", credits: 1 },
    ],
    orders: signedIn
      ? [
          order("o2", "20 credits", 20, 500, now - 5 * DAY, now + 9 * DAY),
          order("o1", "20 credits", 20, 500, now - 80 * DAY, null),
        ]
      : [],
    export: null,
    spending: { monthly_cap: 50, this_month: signedIn ? 5 : 0, unasked_up_to: 0, consents: signedIn ? ["anthropic"] : [] },
    sent: signedIn ? { photos: 6, photos_today: 2, bytes: 5_200_000, kept: 4 } : { photos: 0, photos_today: 0, bytes: 0, kept: 0 },
    usage: false,
  };
}

function order(id: string, product_name: string, credits: number, price_minor: number, at: number, withdraw_until: number | null): Online["orders"][number] {
  return {
    id,
    product: id,
    product_name,
    state: "fulfilled",
    checkout_url: null,
    credits,
    price_minor,
    refunded_minor: 0,
    currency: "eur",
    created_at: at,
    paid_at: at + MINUTE,
    withdraw_until,
  };
}

export function fakeEntries(now: number): CreditEntry[] {
  let next = 0;
  const entry = (kind: string, cause_type: string, cause_id: string, ago: number, available: number, held: number): CreditEntry => ({
    id: `e${next++}`,
    kind,
    cause_type,
    cause_id,
    at: now - ago,
    available,
    held,
    frozen: 0,
    debt: 0,
  });
  const spent = (cause: string, ago: number, credits: number) => [
    entry("capture", "job", cause, ago, 0, -credits),
    entry("hold", "job", cause, ago + MINUTE, -credits, credits),
  ];
  const weeks = [3, 1, 9, 2, 6, 4, 8, 1, 5, 3];
  return [
    ...spent("c1", 9 * MINUTE, 1),
    entry("release", "job", "j9", 11 * MINUTE, 2, -2),
    entry("hold", "job", "j9", 14 * MINUTE, -2, 2),
    ...spent("c3", 2 * DAY + 4 * HOUR, 1),
    entry("grant", "order", "o2", 5 * DAY, 20, 0),
    entry("grant", "order", "i2", 34 * DAY, 30, 0),
    ...spent("c2", 21 * DAY, 1),
    ...weeks.flatMap((credits, index) => spent(`w${index}`, (11 + index * 7) * DAY, credits)),
    entry("grant", "order", "o1", 80 * DAY, 20, 0),
    entry("grant", "admin", "p1", 82 * DAY, 12, 0),
  ].sort((a, b) => b.at - a.at);
}

export function fakeCritiques(now: number): CritiqueLine[] {
  const line = (id: string, name: string | null, photo: number | null, summary: string, ago: number, more: Partial<CritiqueLine> = {}): CritiqueLine => ({
    id,
    kind: "critique",
    name,
    photo,
    summary,
    at: now - ago,
    price: 1,
    on_service: true,
    ...more,
  });
  return [
    line("c1", "P1040231.jpg", 7, CRITIQUE.summary, 9 * MINUTE),
    line("x1", "P1040224.jpg, P1040225.jpg", 1, COMPARISON.summary, 26 * HOUR, { kind: "compare" }),
    line("c3", "P1040233.jpg", 9, "A sharp bird against a quiet background. A little more room to look into would help it.", 2 * DAY + 4 * HOUR),
    line("c4", null, null, "Evening light on a row of boats; the horizon leans to the left.", 6 * DAY),
    line("c2", "P1040231.jpg", 7, CRITIQUE_BEFORE.summary, 21 * DAY, { on_service: false }),
  ];
}

export function fakeLedger(now: number): SentLine[] {
  const stripped = ["location", "camera data", "file name"];
  const line = (number: number, ago: number, name: string, why: string, to: string, bytes: number, copy: SentLine["copy"], more: Partial<SentLine> = {}): SentLine => ({
    number,
    at: now - ago,
    what: "photo",
    name,
    why,
    to,
    bytes,
    times: 1,
    stripped,
    copy,
    ...more,
  });
  const account = { what: "account" as const, stripped: [] };
  return [
    line(9, 9 * MINUTE, "P1040231.jpg", "Critique", "Anthropic", 412_000, { kind: "kept" }),
    line(8, 13 * MINUTE, "P1040229.jpg", "Cloud enhancement", "Replicate", 3_100_000, { kind: "deleted", at: now - 11 * MINUTE }),
    line(7, 40 * MINUTE, "Account and jobs", "What is new", "Our service", 2_400, { kind: "part_of_account" }, { ...account, times: 31 }),
    line(6, 2 * DAY, "P1040233.jpg", "Critique", "Anthropic", 388_000, { kind: "kept" }),
    line(5, 2 * DAY + HOUR, "P1040224.jpg", "Comparison", "Anthropic", 401_000, { kind: "kept" }),
    line(4, 2 * DAY + HOUR, "P1040225.jpg", "Comparison", "Anthropic", 447_000, { kind: "kept" }),
    line(3, 5 * DAY, "P1040226.jpg", "Critique", "Anthropic", 120_000, { kind: "not_arrived" }),
    line(2, 7 * DAY, "Sign-in", "Account", "Our service", 2_100, { kind: "part_of_account" }, account),
    line(1, 21 * DAY, "P1040231.jpg", "Critique", "Anthropic", 409_000, { kind: "deleted", at: now - 14 * DAY }),
  ];
}

export const CRITIQUE: Critique = {
  summary: "A calm lake with one clear idea. The lower third lets it down.",
  strengths: ["One quiet colour against the hills: little competes with it", "The horizon is level, within 0.2°"],
  findings: [
    {
      number: 1,
      dimension: "composition",
      title: "A bright patch at the left edge",
      text: "Close to the frame the eye stops where nothing happens. A crop takes it out without a loss.",
      evidence: "The brightest 2 % of the photo touch the frame here.",
      region: { x: 0.0, y: 0.4, width: 0.07, height: 0.18 },
      confidence: "high",
      severity: "medium",
    },
    {
      number: 2,
      dimension: "composition",
      title: "The right edge is cut through a hill",
      text: "Half a shape at the edge pulls the eye out of the photo.",
      evidence: "3 % of the area, and the strongest edge within it.",
      region: { x: 0.92, y: 0.5, width: 0.08, height: 0.2 },
      confidence: "medium",
      severity: "low",
    },
    {
      number: 3,
      dimension: "light",
      title: "The water falls into one tone",
      text: "The near water has lost its waves. A lift of the shadows brings them back; the sky does not suffer from it.",
      evidence: "Near and far water differ by 9 of 255 steps in this region.",
      region: { x: 0.42, y: 0.71, width: 0.3, height: 0.25 },
      confidence: "high",
      severity: "high",
    },
    {
      number: 4,
      dimension: "focus",
      title: "The far shore is just short of sharp",
      text: "The focus lies a little in front of it.",
      evidence: "Edges are 2.8 px wide here and 1.6 px on the near hill.",
      region: { x: 0.2, y: 0.58, width: 0.22, height: 0.1 },
      confidence: "medium",
      severity: "medium",
    },
    {
      number: 5,
      dimension: "moment",
      title: "Nobody on the water",
      text: "A boat would give scale. You may want the lake alone.",
      evidence: "A person would give scale.",
      region: { x: 0.6, y: 0.3, width: 0.1, height: 0.1 },
      confidence: "low",
      severity: "low",
    },
  ],
  scores: [
    { dimension: "composition", score: 6, reason: "A clear third, busy edges" },
    { dimension: "light", score: 7, reason: "Soft, with lost shadows in front" },
    { dimension: "colour", score: 8, reason: "Few colours that belong together" },
    { dimension: "focus", score: 6, reason: "Slightly in front of the subject" },
    { dimension: "subject", score: 8, reason: "Known at once" },
    { dimension: "moment", score: 5, reason: "Any minute of that evening" },
    { dimension: "technique", score: 7, reason: "Clean, a little noise in the hills" },
  ],
  suggestions: [
    { finding: 1, text: "Crop the left edge away.", action: { crop: { x: 0.075, y: 0.03, width: 0.86, height: 0.92 } } },
    { finding: 2, text: "Turn it until the far shore lies level.", action: { straighten: { degrees: 1.2 } } },
    { finding: 3, text: "Light and colour at 70 lifts the shadows of the water.", action: { recipe: { step: "tone", strength: 0.7 } } },
    { finding: 4, text: "Detail at 45 sharpens the far shore.", action: { recipe: { step: "restore", denoise: 0.2, detail: 0.45 } } },
    { finding: 5, text: "Wait for somebody next time." },
    { text: "Come back half an hour before sunset: the hills will have a lit side." },
  ],
  measured_by: "claude-sonnet",
  strictness: "fair",
  genre: "landscape",
  changes: [
    { dimension: "light", direction: "better", text: "the sky reads clean, whites hold detail" },
    { dimension: "colour", direction: "better", text: "the cast is gone" },
    { dimension: "composition", direction: "same", text: "both edges are still busy" },
  ],
};

export const CRITIQUE_BEFORE: Critique = {
  ...CRITIQUE,
  summary: "A calm lake under a grey veil. Light first, then the edges.",
  findings: CRITIQUE.findings.slice(0, 3),
  scores: CRITIQUE.scores.map((score) => ({ ...score, score: Math.max(1, score.score - (score.dimension === "light" || score.dimension === "colour" ? 3 : 0)) })),
  suggestions: CRITIQUE.suggestions.slice(0, 3),
  changes: [],
};

export const COMPARISON: Comparison = {
  summary: "Both show the same evening. The first has the better light, and a place for the eye to rest; the second is the sharper one.",
  stronger: 0,
  reasons: [
    { dimension: "composition", stronger: 0, text: "The hill leads to the water; in the second it leads out of the frame." },
    { dimension: "light", stronger: 0, text: "The sun is low enough to give the hills a shape." },
    { dimension: "colour", text: "Nearly the same." },
    { dimension: "focus", stronger: 1, text: "Edges are 1.5 px wide instead of 2.4 px." },
  ],
  measured_by: "claude-sonnet",
};

export const POLICY: Omit<Policy, "from" | "problem"> = {
  version: "2",
  effective_at: Date.UTC(2026, 9, 1) * 1000,
  text: `# Privacy policy

What the service knows of you, why, for how long, and how you take it back.

## What is kept
- Your account: name, email address, and a password that nobody can read back, or the link to your Google profile.
- Photos you send: until you delete them or your account. They are yours alone to see.
- Credits and payments: a ledger you can read. **No card number** ever reaches our servers; Stripe keeps those.

## Who works for us
Critiques are made by Anthropic, cloud enhancement by Replicate. Each gets the picture, scaled down and without location, camera serial number or file name, and nothing else. Nobody trains models on your photos.

## How you take it back
Change, export or delete everything on the Account page. After deletion everything is gone within 30 days; payment records stay for 7 years, without your name.
`,
  changes: "The companies that work for us are now named one by one.",
  contact: "privacy@photos.example",
};
