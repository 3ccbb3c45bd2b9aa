/**
 * An in-memory stand-in for the hosted service behind the fake studio: an account, credits, Pro jobs that go through all their stages,
 * critiques, a privacy ledger. For tests and for the demo.
 */
import type {
  Account,
  Commands,
  CreditEntry,
  CritiqueLine,
  Event,
  JobKind,
  Online,
  Order,
  PhotoId,
  Policy,
  Problem,
  ProJob,
  ProPictures,
  ProStage,
  ResultFile,
  SentLine,
  ShownQuote,
  SuggestedAction,
} from "../../contract/generated";
import type { CommandName } from "../types";
import { COMPARISON, CRITIQUE, CRITIQUE_BEFORE, DAY, fakeAccount, fakeCritiques, fakeEntries, fakeLedger, fakeOnline, POLICY } from "./service-data";

type Body<Name extends CommandName> = (request: Commands[Name]["request"]) => Commands[Name]["reply"];
export type Bodies = { [Each in CommandName]?: Body<Each> };

export interface FakeServiceOptions {
  /** The state it begins in. */
  begin?: "signed_out" | "signed_in";
  /** Milliseconds a stage of a job takes. */
  stageMs?: number;
}

/** What the fake studio lends its service. */
export interface Surroundings {
  emit: (event: Event) => void;
  nameOf: (photo: PhotoId) => string;
  setRecipe: (photo: PhotoId, action: SuggestedAction | undefined) => Commands["try_suggestion"]["reply"];
}

function problem(code: Problem["code"], message: string, retryable = false): Problem {
  return { code, message, retryable };
}

/** What came back from the cloud of a photo. */
export function fakeFile(photo: PhotoId): ResultFile {
  return { path: "/home/mara/Pictures/result.jpg", width: 12_096, height: 8064, bytes: 12_800_000, seconds: 14, device: "Replicate", notes: [], key: `r${photo}-2` };
}

export class FakeService {
  online: Online;
  jobs: ProJob[] = [];
  critiques: CritiqueLine[];
  entries: CreditEntry[];
  ledger: SentLine[];
  /** Credits a photo, by kind. */
  each: Record<JobKind, number> = { critique: 1, enhance: 2, compare: 1, unknown: 1 };
  /** What the next submitting is answered with. */
  refuseNext: Problem | null = null;
  /** No job goes on: for pictures of a moment. */
  frozen = false;
  #stageMs: number;
  #around: Surroundings | null = null;
  #next = 1;

  constructor(options: FakeServiceOptions = {}) {
    this.#stageMs = options.stageMs ?? 900;
    const now = Date.now() * 1000;
    const signedIn = options.begin !== "signed_out";
    this.online = fakeOnline(now, signedIn);
    this.critiques = signedIn ? fakeCritiques(now) : [];
    this.entries = fakeEntries(now);
    this.ledger = signedIn ? fakeLedger(now) : [];
  }

  attach(around: Surroundings): void {
    this.#around = around;
  }

  // ---- what tests and scenes do

  change(change: Partial<Online>): void {
    this.online = { ...this.online, ...change };
    this.#around?.emit({ event: "online", data: this.online });
  }

  changeAccount(change: Partial<Account>): void {
    if (this.online.account.kind !== "signed_in" || this.online.account.account === null) return;
    this.change({ account: { ...this.online.account, account: { ...this.online.account.account, ...change } } });
  }

  /** Comes back from the browser. */
  finishSignIn(): void {
    const now = Date.now() * 1000;
    this.critiques = fakeCritiques(now);
    this.#around?.emit({ event: "critiques", data: this.critiques });
    this.change({ ...fakeOnline(now, true), account: { kind: "signed_in", account: fakeAccount(now), kept: { kind: "keychain" } } });
  }

  pay(id: string): void {
    const order = this.online.orders.find((each) => each.id === id);
    if (!order) return;
    this.#credit(order.credits, 0);
    this.change({ orders: this.#orders({ ...order, state: "fulfilled", checkout_url: null, paid_at: Date.now() * 1000, withdraw_until: Date.now() * 1000 + 14 * DAY }) });
  }

  putJob(kind: JobKind, photos: PhotoId[], stage: ProStage, price = this.each[kind]): ProJob {
    const job: ProJob = {
      id: `job-${this.#next++}`,
      kind,
      variant: kind === "enhance" ? "upscale_2x" : "standard",
      photos: photos.map((photo) => ({ name: this.#around?.nameOf(photo) ?? `${photo}.jpg`, photo, sent: null })),
      price,
      to: kind === "enhance" ? "replicate" : "anthropic",
      stage,
      made_at: Date.now() * 1000 - this.jobs.length,
      ended_at: null,
      on_service: stage.kind === "done",
    };
    this.jobs = [...this.jobs, job];
    this.#around?.emit({ event: "pro_jobs", data: this.jobs });
    return job;
  }

  setStage(id: string, stage: ProStage): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, stage, on_service: stage.kind === "done" } : job));
    const job = this.jobs.find((each) => each.id === id);
    if (job) this.#around?.emit({ event: "pro_job_changed", data: job });
  }

  // ---- the commands

  bodies(): Bodies {
    const open = () => ({});
    return {
      sign_in: () => {
        const address = "https://photos.example/oauth/authorize?client=desktop&state=8c1f";
        this.change({ account: { kind: "signing_in", address } });
        return { address };
      },
      cancel_sign_in: () => this.#signOut(),
      sign_out: () => this.#signOut(),
      sign_out_everywhere: () => this.#signOut(),
      sign_out_device: ({ id }) => this.#done(() => this.change({ devices: this.online.devices.filter((device) => device.id !== id) })),
      refresh_account: () => this.#done(() => this.change({ catalogue: fakeOnline(0, true).catalogue })),
      rename_account: ({ name }) => this.#done(() => this.changeAccount({ name })),
      open_page: open,
      open_portal: open,
      credit_entries: ({ before, limit }) => {
        const from = before === undefined ? 0 : this.entries.findIndex((entry) => entry.id === before) + 1;
        return { entries: this.entries.slice(from, from + limit) };
      },
      buy: ({ product }) => this.#buy(product),
      withdrawal: ({ id }) => {
        const order = this.#order(id);
        return { refund_minor: Math.round(order.price_minor * 0.85), currency: order.currency, credits_taken: Math.round(order.credits * 0.85), until: order.withdraw_until ?? 0, confirm_token: "yes" };
      },
      confirm_withdrawal: ({ id }) => {
        const order: Order = { ...this.#order(id), state: "refunded", withdraw_until: null };
        this.change({ orders: this.#orders(order) });
        return order;
      },
      export_account_data: () => this.#done(() => this.#export()),
      undo_deletion: () =>
        this.#done(() => {
          if (this.online.account.kind !== "signed_in" || this.online.account.account === null) return;
          const { deletion: _gone, ...kept } = this.online.account.account;
          this.change({ account: { ...this.online.account, account: kept } });
        }),
      policy: () => this.#policy(),
      accept_policy: ({ version }) => this.#done(() => this.changeAccount({ policy: { current: version, accepted: version, must_accept: false } })),
      set_offline: ({ offline }) => this.#done(() => this.change({ connection: { ...this.online.connection, offline, service: offline ? "not_asked" : "connected" } })),
      set_usage: ({ usage }) => this.#done(() => this.change({ usage })),
      set_spending: (spending) => this.#done(() => this.change({ spending: { ...this.online.spending, ...spending } })),
      withdraw_consent: ({ provider }) =>
        this.#done(() => this.change({ spending: { ...this.online.spending, consents: this.online.spending.consents.filter((each) => each !== provider) } })),
      quote: ({ kind, photos, variant }) => this.#quote(kind, photos.length, variant),
      submit_pro_jobs: (request) => this.#submit(request),
      accept_price: ({ id, price }) =>
        this.#done(() => {
          this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, price } : job));
          this.#advance(id, 0);
        }),
      cancel_pro_job: ({ id }) => this.#done(() => this.setStage(id, { kind: "cancelled" })),
      retry_pro_job: ({ id }) => this.#done(() => this.#advance(id, 0)),
      dismiss_pro_job: ({ id }) =>
        this.#done(() => {
          this.jobs = this.jobs.filter((job) => job.id !== id);
          this.#around?.emit({ event: "pro_jobs", data: this.jobs });
        }),
      reveal_pro_result: open,
      open_pro_result: ({ id }) => this.#pictures(id),
      delete_pro_result: ({ id }) => this.#done(() => this.#forget(id)),
      copy_to_send: ({ kind, photo, long_edge }) => ({
        picture: `copy/${photo}`,
        bytes: 412_000,
        width: long_edge,
        height: Math.round((long_edge * 2) / 3),
        camera: kind === "critique" ? "35 mm, f/2.8, 1/250 s, ISO 400" : null,
        stripped: ["location", "camera data", "file name"],
      }),
      critique: ({ id }) => {
        const line = this.#line(id);
        const previous = this.critiques.find((other) => other.photo === line.photo && other.kind === "critique" && other.at < line.at) ?? null;
        const critique = previous === null ? CRITIQUE_BEFORE : CRITIQUE;
        // The copy that was sent is there, wherever the photo is.
        const picture = `${previous === null ? "whole-before" : "whole"}/${line.photo ?? 1}`;
        return { line, critique, picture, can_try: critique.suggestions.map((each) => each.action !== undefined && line.photo !== null), previous };
      },
      comparison: ({ id }) => ({ line: this.#line(id), comparison: COMPARISON, pictures: ["whole/1", "whole/2"] }),
      try_suggestion: ({ id, suggestion }) => {
        const photo = this.#line(id).photo;
        if (photo === null || this.#around === null) throw problem("file_missing", "The photo is not on this computer.");
        return this.#around.setRecipe(photo, CRITIQUE.suggestions[suggestion]?.action);
      },
      export_critique: open,
      delete_critique: ({ id }) =>
        this.#done(() => {
          this.critiques = this.critiques.filter((line) => line.id !== id);
          this.#around?.emit({ event: "critiques", data: this.critiques });
        }),
      privacy_ledger: ({ before, limit, what }) => {
        const lines = this.ledger.filter((line) => (what === undefined || line.what === what) && (before === undefined || line.number < before));
        return { lines: lines.slice(0, limit) };
      },
      export_privacy_ledger: open,
      delete_sent: ({ number }) => this.#deleteSent((line) => line.number === number),
      delete_all_sent: () => this.#deleteSent(() => true),
    };
  }

  #done(act: () => void): Record<string, never> {
    act();
    return {};
  }

  /** As the real one: asked of the service only by who is signed in and online. */
  #policy(): Policy {
    const { connection, account } = this.online;
    if (account.kind === "signed_in" && !connection.offline && connection.problem === null) return { ...POLICY, from: { kind: "service" }, problem: null };
    if (account.kind === "signed_in") return { ...POLICY, from: { kind: "earlier", at: Date.now() * 1000 - 3 * DAY }, problem: connection.offline ? null : connection.problem };
    return { ...POLICY, version: "1", effective_at: 0, from: { kind: "program" }, problem: null };
  }

  #pictures(id: string): ProPictures {
    const job = this.jobs.find((each) => each.id === id);
    const photo = job?.photos[0];
    if (job?.stage.kind !== "done" || job.stage.result.kind !== "enhanced" || !photo) throw problem("bad_request", "This job has no file.");
    const { file } = job.stage.result;
    const original = photo.photo === null ? null : { key: `o${photo.photo}`, name: photo.name, width: 6048, height: 4032 };
    return { original, result: { key: file.key, name: photo.name, width: file.width, height: file.height } };
  }

  /** The service keeps nothing of the job any more. */
  #forget(id: string): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, on_service: false } : job));
    const job = this.jobs.find((each) => each.id === id);
    if (job) this.#around?.emit({ event: "pro_job_changed", data: job });
  }

  #signOut(): Record<string, never> {
    return this.#done(() => this.change({ ...fakeOnline(0, false), catalogue: this.online.catalogue }));
  }

  #order(id: string): Order {
    const order = this.online.orders.find((each) => each.id === id);
    if (!order) throw problem("not_there", "There is no such order.");
    return order;
  }

  #orders(changed: Order): Order[] {
    return this.online.orders.map((order) => (order.id === changed.id ? changed : order));
  }

  #line(id: string): CritiqueLine {
    const line = this.critiques.find((each) => each.id === id);
    if (!line) throw problem("not_there", "This critique has been deleted.");
    return line;
  }

  #credit(available: number, held: number): void {
    if (this.online.account.kind !== "signed_in" || this.online.account.account === null) return;
    const credits = this.online.account.account.credits;
    this.changeAccount({ credits: { ...credits, available: credits.available + available, held: credits.held + held } });
  }

  #buy(product: string): Order {
    const catalogue = this.online.catalogue;
    const pack = catalogue?.packs.find((each) => each.code === product);
    const plan = catalogue?.plans.find((each) => each.code === product);
    const order: Order = {
      id: `order-${this.#next++}`,
      product,
      product_name: pack?.name ?? plan?.name ?? product,
      state: "open",
      checkout_url: "https://checkout.example/c/1",
      credits: pack?.credits ?? plan?.credits_monthly ?? 0,
      price_minor: pack?.price_minor ?? plan?.price_minor ?? 0,
      refunded_minor: 0,
      currency: catalogue?.currency ?? "eur",
      created_at: Date.now() * 1000,
      paid_at: null,
      withdraw_until: null,
    };
    this.change({ orders: [order, ...this.online.orders] });
    return order;
  }

  #export(): void {
    this.change({ export: { state: "making", problem: null } });
    setTimeout(() => this.change({ export: { state: "ready", problem: null } }), this.#stageMs * 2);
  }

  #quote(kind: JobKind, count: number, variant: string): ShownQuote {
    const each = this.online.prices.find((price) => price.kind === kind && price.variant === variant)?.credits ?? this.each[kind];
    const price = kind === "compare" ? each : each * count;
    const { spending, account } = this.online;
    const to = kind === "enhance" ? "replicate" : "anthropic";
    const consented = spending.consents.includes(to);
    return {
      price,
      each,
      available: account.kind === "signed_in" ? (account.account?.credits.available ?? 0) : 0,
      sends: { to, long_edge: kind === "enhance" ? 1448 : 1568, media_type: "image/jpeg" },
      bytes: count * 400_000,
      consent_needed: !consented,
      over_cap: spending.monthly_cap !== null && spending.this_month + price > spending.monthly_cap,
      must_ask: !consented || price > spending.unasked_up_to,
    };
  }

  #submit(request: Commands["submit_pro_jobs"]["request"]): { ids: string[] } {
    const refusal = this.refuseNext;
    this.refuseNext = null;
    if (refusal) throw refusal;
    if (request.agreed) this.change({ spending: { ...this.online.spending, consents: [...new Set([...this.online.spending.consents, request.sends.to])] } });
    const groups = request.kind === "compare" ? [request.photos] : request.photos.map((photo) => [photo]);
    const jobs = groups.map((photos) => this.putJob(request.kind, photos, { kind: "waiting", reason: this.online.connection.offline ? "offline" : "turn" }, request.each));
    for (const job of jobs) if (!this.online.connection.offline) this.#advance(job.id, 0);
    return { ids: jobs.map((job) => job.id) };
  }

  /** Lets a job go on from a stage of its life. */
  #advance(id: string, step: number): void {
    if (this.frozen) return;
    const job = this.jobs.find((each) => each.id === id);
    if (!job || job.stage.kind === "cancelled") return;
    const stages: ProStage[] = [
      { kind: "preparing" },
      { kind: "uploading", progress: 0.4 },
      { kind: "uploading", progress: 1 },
      { kind: "queued" },
      { kind: "running", progress: 0.3 },
      { kind: "running", progress: 0.8 },
    ];
    const stage = stages[step];
    if (stage) {
      this.setStage(id, stage);
      setTimeout(() => this.#advance(id, step + 1), this.#stageMs);
      return;
    }
    this.#finish(job);
  }

  #finish(job: ProJob): void {
    const at = Date.now() * 1000;
    this.#credit(-job.price, 0);
    if (job.kind === "enhance") {
      this.setStage(job.id, { kind: "done", result: { kind: "enhanced", file: fakeFile(job.photos[0]?.photo ?? 1) } });
      return;
    }
    const first = job.photos[0];
    const id = `c-${job.id}`;
    this.critiques = [
      { id, kind: job.kind, name: first?.name ?? null, photo: first?.photo ?? null, summary: CRITIQUE.summary, at, price: job.price, on_service: true },
      ...this.critiques,
    ];
    this.#around?.emit({ event: "critiques", data: this.critiques });
    this.setStage(job.id, { kind: "done", result: job.kind === "compare" ? { kind: "compared", id } : { kind: "critique", id } });
  }

  #deleteSent(which: (line: SentLine) => boolean): { deleted: number; problems: Problem[] } {
    let deleted = 0;
    this.ledger = this.ledger.map((line) => {
      if (line.copy.kind !== "kept" || !which(line)) return line;
      deleted += 1;
      return { ...line, copy: { kind: "deleted", at: Date.now() * 1000 } };
    });
    this.change({ sent: { ...this.online.sent, kept: this.online.sent.kept - deleted } });
    return { deleted, problems: [] };
  }
}

