/**
 * Spending: a price is asked for, shown and agreed to, and only then is anything sent. When the price has changed in between, it is asked
 * for again and the person agrees anew.
 */
import type { PhotoId, Problem } from "../contract/generated";
import type { JobKind, JobOptions, ShownQuote } from "../contract/generated";
import { asProblem } from "../platform";
import type { Service } from "./service.svelte";
import { verdictOf, type Verdict } from "./spend-verdict";
import type { Studio } from "./studio.svelte";

export interface Wanted {
  kind: JobKind;
  photos: PhotoId[];
  variant: string;
  options: JobOptions;
}

/** How strict a critique is, and as what the photo is meant; null leaves it to the service. */
interface Shape {
  strictness: string | null;
  genre: string | null;
}

/** A comparison knows no strictness, an enhancement neither. */
function said(kind: JobKind, { strictness, genre }: Shape): JobOptions {
  if (kind !== "critique" && kind !== "compare") return {};
  return { ...(strictness === null || kind !== "critique" ? {} : { strictness }), ...(genre === null ? {} : { genre }) };
}

/** Answers that say the world has moved on since the price was shown. */
const ASK_AGAIN: readonly Problem["code"][] = ["price_changed", "not_enough_credits", "over_cap", "consent_needed"] as Problem["code"][];

/** The cheapest way of doing it, while the person has chosen none. */
const NO_VARIANT = "standard";

export class Spend {
  /** What is wanted; null when nothing is. */
  wanted = $state.raw<Wanted | null>(null);
  /** Whether the sheet is on screen: not while a small price is looked up that needs no asking. */
  shown = $state.raw(false);
  quote = $state.raw<ShownQuote | null>(null);
  /** The price that was shown before, when it has changed. */
  priceWas = $state.raw<number | null>(null);
  consent = $state.raw(false);
  sending = $state.raw(false);
  problem = $state.raw<Problem | null>(null);

  readonly verdict = $derived.by((): Verdict | null => (this.quote === null ? null : verdictOf(this.quote, this.consent)));
  /** The ways in which it can be done, with what each costs a photo. */
  readonly variants = $derived.by(() => this.#service.online.prices.filter((price) => price.kind === this.wanted?.kind));

  #studio: Studio;
  #service: Service;
  #sent: (kind: JobKind, count: number) => void;
  #turn = 0;
  /** The strictness stays as chosen last, until the program ends. What a photo is meant as belongs to those photos: it must not go along with others unseen. */
  #shape: Shape = { strictness: null, genre: null };

  constructor(studio: Studio, service: Service, sent: (kind: JobKind, count: number) => void) {
    this.#studio = studio;
    this.#service = service;
    this.#sent = sent;
  }

  /** Begins: looks up the price, and asks unless the person wants small ones not to be asked about. */
  async ask(kind: JobKind, photos: PhotoId[], options: JobOptions = {}): Promise<void> {
    if (photos.length === 0) return;
    this.close();
    const prices = this.#service.online.prices.filter((price) => price.kind === kind);
    this.#shape = { ...this.#shape, genre: null };
    this.wanted = { kind, photos, options: { ...said(kind, this.#shape), ...options }, variant: prices[0]?.variant ?? NO_VARIANT };
    if (!this.#service.signedIn) {
      this.shown = true;
      return;
    }
    const mayPass = this.#service.online.spending.unasked_up_to > 0;
    this.shown = !mayPass;
    await this.#price();
    if (this.wanted === null) return;
    if (mayPass && this.quote !== null && !this.quote.must_ask && this.verdict?.kind === "fine") await this.send();
    else this.shown = true;
  }

  /** What a critique is to be like. It changes no price. */
  shape(change: Partial<Shape>): void {
    if (this.wanted === null || this.sending) return;
    this.#shape = { ...this.#shape, ...change };
    const { strictness: _strictness, genre: _genre, ...others } = this.wanted.options;
    this.wanted = { ...this.wanted, options: { ...others, ...said(this.wanted.kind, this.#shape) } };
  }

  async askAgain(): Promise<void> {
    await this.#price();
  }

  async choose(variant: string): Promise<void> {
    if (this.wanted === null || this.sending) return;
    this.wanted = { ...this.wanted, variant };
    this.priceWas = null;
    await this.#price();
  }

  async send(): Promise<void> {
    const { wanted, quote } = this;
    if (wanted === null || quote === null || this.sending || verdictOf(quote, this.consent).kind !== "fine") return;
    this.sending = true;
    this.problem = null;
    const turn = this.#turn;
    try {
      await this.#studio.host.call("submit_pro_jobs", { ...wanted, each: quote.each, sends: quote.sends, agreed: this.consent });
      if (turn !== this.#turn) return;
      this.close();
      this.#sent(wanted.kind, wanted.photos.length);
    } catch (thrown) {
      if (turn !== this.#turn) return;
      const problem = asProblem(thrown);
      this.sending = false;
      this.shown = true;
      if (!ASK_AGAIN.includes(problem.code)) {
        this.problem = problem;
        return;
      }
      await this.#price();
      if (this.quote !== null && this.quote.price !== quote.price) this.priceWas = quote.price;
      // The same price again: then the refusal itself is the news.
      else if (this.quote !== null && this.verdict?.kind === "fine") this.problem = problem;
    }
  }

  close(): void {
    this.#turn += 1;
    this.wanted = null;
    this.shown = false;
    this.quote = null;
    this.priceWas = null;
    this.consent = false;
    this.sending = false;
    this.problem = null;
  }

  async #price(): Promise<void> {
    const wanted = this.wanted;
    if (wanted === null) return;
    const turn = ++this.#turn;
    this.problem = null;
    try {
      const quote = await this.#studio.host.call("quote", { kind: wanted.kind, variant: wanted.variant, photos: wanted.photos });
      if (turn === this.#turn) this.quote = quote;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.quote = null;
      this.problem = asProblem(thrown);
    }
  }
}
