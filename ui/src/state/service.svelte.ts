/** What the window knows of the hosted service: who is signed in, Pro jobs, critiques. Fed as the studio is; state travels whole. */
import { SvelteMap } from "svelte/reactivity";

import type { CritiqueLine, Online, Order, ProJob, Event, ServicePage, Spending } from "../contract/generated";
import { isOpen, isOver } from "./pro-jobs";
import type { Studio } from "./studio.svelte";

export const NO_SERVICE: Online = {
  connection: { offline: false, service: "not_asked", sandbox: false, synced_at: null, problem: null },
  account: { kind: "no_service" },
  devices: [],
  catalogue: null,
  prices: [],
  orders: [],
  export: null,
  spending: { monthly_cap: null, this_month: 0, unasked_up_to: 0, consents: [] },
  sent: { photos: 0, photos_today: 0, bytes: 0, kept: 0 },
  usage: false,
};

export interface ServiceHearers {
  /** A Pro job has ended, well or not. */
  jobEnded?: (job: ProJob) => void;
  /** An order has been paid for and its credits are there. */
  paid?: (order: Order) => void;
  /** The totals of what left have changed. */
  sentChanged?: () => void;
  /** Credits, plan or orders are others. */
  creditsChanged?: () => void;
}

export class Service {
  online = $state.raw<Online>(NO_SERVICE);
  critiques = $state.raw<CritiqueLine[]>([]);
  /** When the browser was opened to sign in, by this computer's clock; null when nobody is signing in. */
  signingInSince = $state.raw<number | null>(null);
  readonly jobs = new SvelteMap<string, ProJob>();

  /** Whether this build knows a service at all. */
  readonly offered = $derived(this.online.account.kind !== "no_service");
  readonly signedIn = $derived(this.online.account.kind === "signed_in");
  readonly account = $derived(this.online.account.kind === "signed_in" ? this.online.account.account : null);
  readonly openJobs = $derived([...this.jobs.values()].filter(isOpen));
  /** Orders whose payment the app is waiting for. */
  readonly unpaid = $derived(this.online.orders.filter(awaitsPayment));

  #studio: Studio;
  #hearers: ServiceHearers[] = [];

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  hear(hearer: ServiceHearers): () => void {
    this.#hearers.push(hearer);
    return () => {
      this.#hearers = this.#hearers.filter((other) => other !== hearer);
    };
  }

  start(online: Online, jobs: readonly ProJob[], critiques: CritiqueLine[]): void {
    this.online = online;
    this.#noteSigningIn();
    this.#replaceJobs(jobs);
    this.critiques = critiques;
  }

  apply(event: Event): void {
    switch (event.event) {
      case "online":
        this.#online(event.data);
        break;
      case "pro_jobs":
        this.#replaceJobs(event.data);
        break;
      case "pro_job_changed": {
        const before = this.jobs.get(event.data.id);
        // A change that comes after the job was dismissed is late news.
        if (before === undefined) break;
        this.jobs.set(event.data.id, event.data);
        if (!isOver(before) && isOver(event.data)) for (const hearer of this.#hearers) hearer.jobEnded?.(event.data);
        break;
      }
      case "critiques":
        this.critiques = event.data;
        break;
    }
  }

  #online(next: Online): void {
    const before = this.online;
    this.online = next;
    this.#noteSigningIn();
    const waited = new Map(before.orders.map((order) => [order.id, order]));
    for (const order of next.orders) {
      const was = waited.get(order.id);
      if (order.state === "fulfilled" && was !== undefined && was.state !== "fulfilled") for (const hearer of this.#hearers) hearer.paid?.(order);
    }
    const sent = before.sent;
    if (sent.photos !== next.sent.photos || sent.bytes !== next.sent.bytes || sent.kept !== next.sent.kept) for (const hearer of this.#hearers) hearer.sentChanged?.();
    if (JSON.stringify(creditsOf(before)) !== JSON.stringify(creditsOf(next))) for (const hearer of this.#hearers) hearer.creditsChanged?.();
  }

  #noteSigningIn(): void {
    if (this.online.account.kind !== "signing_in") this.signingInSince = null;
    else this.signingInSince ??= Date.now();
  }

  #replaceJobs(jobs: readonly ProJob[]): void {
    this.jobs.clear();
    for (const job of jobs) this.jobs.set(job.id, job);
  }

  signIn(): void {
    this.#studio.send("sign_in", {});
  }

  open(page: ServicePage): void {
    this.#studio.send("open_page", { page });
  }

  /** Shows a change at once and takes it back when it is refused. */
  async setSpending(change: Partial<Pick<Spending, "monthly_cap" | "unasked_up_to">>): Promise<void> {
    const before = this.online.spending;
    const next = { ...before, ...change };
    await this.#show({ spending: next }, { spending: before }, () => this.#studio.call("set_spending", { monthly_cap: next.monthly_cap, unasked_up_to: next.unasked_up_to }));
  }

  async setOffline(offline: boolean): Promise<void> {
    const before = this.online.connection;
    await this.#show({ connection: { ...before, offline } }, { connection: before }, () => this.#studio.call("set_offline", { offline }));
  }

  async setUsage(usage: boolean): Promise<void> {
    await this.#show({ usage }, { usage: !usage }, () => this.#studio.call("set_usage", { usage }));
  }

  async #show(change: Partial<Online>, back: Partial<Online>, send: () => Promise<unknown>): Promise<void> {
    const shown = { ...this.online, ...change };
    this.online = shown;
    try {
      await send();
    } catch {
      if (this.online === shown) this.online = { ...this.online, ...back };
    }
  }
}

function awaitsPayment(order: Order): boolean {
  return (order.state === "open" && order.checkout_url !== null) || order.state === "created";
}

function creditsOf(online: Online): unknown {
  return [online.account.kind === "signed_in" ? (online.account.account?.credits ?? null) : null, online.orders.map((order) => order.state)];
}
