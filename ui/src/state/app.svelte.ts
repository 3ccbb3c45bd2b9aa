/** The window's own mind: which page, which photos are picked, what is said. One object, handed to every view through Svelte's context. */
import { getContext, setContext } from "svelte";
import { SvelteMap } from "svelte/reactivity";

import type {
  CreditEntry,
  DeletedCopies,
  Order,
  Photo,
  PhotoId,
  Problem,
  ProJob,
  Recipe,
  ResultFile,
  Scanned,
  SentLine,
  SentWhat,
} from "../contract/generated";
import { errorWords } from "../errors/words";
import { words } from "../i18n";
import type { Drop, Host } from "../platform";
import { Critiques } from "./critiques.svelte";
import { Cropping } from "./cropping.svelte";
import { RecipeEdits } from "./edits.svelte";
import { Estimates } from "./estimates.svelte";
import { counts, matches, type Filter } from "./filters";
import { HoldOriginal } from "./hold-original.svelte";
import { canEnhance, mainAction, onlyThis } from "./main-action";
import { Messages } from "./messages.svelte";
import { Paged } from "./paged.svelte";
import { ProResult } from "./pro-result.svelte";
import { sameRecipe } from "./recipes";
import { NOTHING, pickAll, pickOne, pickRange, settle, step, toggle, type Selection } from "./selection";
import { Spend } from "./spend.svelte";
import { Studio } from "./studio.svelte";
import { ThemeChoice } from "./theme.svelte";

export type Page = "studio" | "queue" | "critiques" | "privacy" | "account" | "settings" | "policy";

const LATE_NEWS_MS = 150;
/** Enough for twelve weeks of most people, at once. */
const CREDIT_PAGE = 200;
const LEDGER_PAGE = 100;

export type SettingsPage = "general" | "devices" | "export" | "about";

export class App {
  readonly studio: Studio;
  readonly edits: RecipeEdits;
  readonly cropping: Cropping;
  readonly estimates: Estimates;
  readonly critiques: Critiques;
  readonly spend: Spend;
  readonly proResult: ProResult;
  /** Movements of the credits, newest first. */
  readonly creditEntries: Paged<CreditEntry>;
  /** What left this computer, newest first. */
  readonly ledger: Paged<SentLine>;
  ledgerShown = $state.raw<SentWhat | "all">("all");
  readonly messages = new Messages();
  readonly theme = new ThemeChoice();

  page = $state<Page>("studio");
  settingsPage = $state<SettingsPage>("devices");
  filter = $state<Filter>("all");
  keysShown = $state(false);
  /** The sheet with packs and plans is on screen. */
  buying = $state(false);
  selection = $state.raw<Selection>(NOTHING);
  /** What is held over the window, when something is. */
  heldOver = $state.raw<string[] | null>(null);
  readonly holdOriginal = new HoldOriginal();

  readonly counts = $derived.by(() => counts(this.studio.list));
  /** Photos that the strip shows. */
  readonly shown = $derived.by(() => this.studio.list.filter((photo) => matches(photo, this.filter)));
  readonly current = $derived.by(() => (this.selection.current === null ? null : (this.studio.photos.get(this.selection.current) ?? null)));
  /** Photos that a change of the recipe applies to. */
  readonly picked = $derived.by(() => this.studio.list.filter((photo) => this.selection.picked.has(photo.id)));
  /** Photos that are straightened and cropped together: while the crop of one is drawn, that one alone, so that giving up brings all of it back. */
  readonly framed = $derived.by(() => (this.current !== null && this.cropping.of(this.current) ? [this.current] : this.picked));
  readonly action = $derived.by(() => mainAction(this.studio.list, this.selection.picked, this.selection.current, this.studio.queue));
  readonly only = $derived.by(() => onlyThis(this.studio.list, this.selection.picked, this.selection.current, this.action));
  /** Nothing can be enhanced on this computer, and why. */
  readonly trouble = $derived.by(() => this.studio.trouble);

  #order: PhotoId[] = [];
  /** The message about jobs that are done, and how many it speaks of. */
  #doneTold = { message: 0, jobs: 0 };
  /** Photos that have been in the queue since it was last empty. */
  #batch = new Set<PhotoId>();
  /** Recipes of results, by the results' keys. */
  #madeWith = new SvelteMap<string, Recipe>();
  /** Recipes of the photos in work. */
  #inWork = new Map<PhotoId, Recipe>();

  constructor(host: Host) {
    this.studio = new Studio(host);
    this.edits = new RecipeEdits(this.studio);
    this.cropping = new Cropping(this.edits);
    this.estimates = new Estimates(this.studio);
    this.critiques = new Critiques(this.studio, this.edits);
    this.proResult = new ProResult(this.studio);
    this.spend = new Spend(this.studio, this.studio.service, (kind, count) => this.#sentOff(kind, count));
    this.creditEntries = new Paged(async (after) => {
      const { entries } = await this.studio.host.call("credit_entries", { ...(after === null ? {} : { before: after.id }), limit: CREDIT_PAGE });
      return { items: entries, more: entries.length === CREDIT_PAGE };
    });
    this.ledger = new Paged(async (after) => {
      const what = this.ledgerShown;
      const { lines } = await this.studio.host.call("privacy_ledger", {
        ...(after === null ? {} : { before: after.number }),
        ...(what === "all" ? {} : { what }),
        limit: LEDGER_PAGE,
      });
      return { items: lines, more: lines.length === LEDGER_PAGE };
    });
    this.studio.service.hear({
      jobEnded: (job) => this.#jobEnded(job),
      paid: (order) => this.#paid(order),
      creditsChanged: () => this.creditEntries.known && void this.creditEntries.first(),
      sentChanged: () => this.ledger.known && void this.ledger.first(),
    });
    this.studio.hear({
      scanned: (scanned) => this.#scanned(scanned),
      photoChanged: (photo) => this.#photoChanged(photo),
      queueEnded: () => this.#queueEnded(),
      refused: (problem) => this.#refused(problem),
    });
  }

  async start(): Promise<void> {
    await this.studio.host.onDrop((drop) => this.#drop(drop));
    try {
      await this.studio.connect();
      const notice = this.studio.notice;
      if (notice) this.messages.say({ kind: "lasting", tone: "warn", text: notice.message });
    } catch (thrown) {
      const problem = thrown as Problem;
      this.messages.say({ kind: "lasting", tone: "bad", text: problem.message ?? words.messages.noConnection, more: words.messages.noConnection });
    }
  }

  /** Keeps the selection among what is there. Called when the list has changed. */
  listChanged(order: PhotoId[]): void {
    const gone = this.#order.filter((id) => !this.studio.photos.has(id));
    if (gone.length > 0) this.edits.forget(gone);
    this.selection = settle(this.selection, this.#order, order);
    this.#order = order;
  }

  // ---- picking

  #ids(): PhotoId[] {
    return this.shown.map((photo) => photo.id);
  }

  pick(photo: PhotoId, how: "one" | "toggle" | "range" = "one"): void {
    const order = this.#ids();
    if (how === "toggle") this.selection = toggle(this.selection, photo, order);
    else if (how === "range") this.selection = pickRange(this.selection, photo, order);
    else this.selection = pickOne(photo);
  }

  pickAll(): void {
    this.selection = pickAll(this.selection, this.#ids());
  }

  step(by: number, extend = false): void {
    this.selection = step(this.selection, by, this.#ids(), extend);
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    const order = this.#ids();
    if (order.length > 0 && (this.selection.current === null || !order.includes(this.selection.current))) this.selection = pickOne(order[0]!);
  }

  /** Shows a photo in the studio, whatever filter hides it. */
  showPhoto(photo: PhotoId): void {
    this.page = "studio";
    const found = this.studio.photos.get(photo);
    if (found && !matches(found, this.filter)) this.filter = "all";
    this.selection = pickOne(photo);
  }

  // ---- doing

  runMain(): void {
    const action = this.action;
    if (action.kind === "enhance" && this.trouble === null) this.studio.enhance(action.photos);
  }

  enhanceOnly(photo: PhotoId): void {
    if (this.trouble === null) this.studio.enhance([photo]);
  }

  /** `E`: what is picked. */
  enhancePicked(): void {
    const able = this.picked.filter(canEnhance).map((photo) => photo.id);
    if (this.trouble === null) this.studio.enhance(able);
  }

  stopAll(): void {
    this.studio.send("cancel_all", {});
  }

  removePicked(): void {
    const photos = [...this.selection.picked];
    if (photos.length === 0) return;
    this.studio.remove(photos);
    this.messages.say({ kind: "passing", tone: "info", text: words.messages.removed(photos.length) });
  }

  remove(photo: PhotoId): void {
    this.studio.remove([photo]);
  }

  /** The way out that fits a failure. */
  async solve(photo: Photo): Promise<void> {
    if (photo.state.kind !== "failed") return;
    const { action } = errorWords(photo.state.problem);
    if (action === "choose_target") await this.studio.chooseTargetFolder();
    else if (action === "check_devices") this.openSettings("devices");
    else if (action === "retry") this.studio.enhance([photo.id]);
  }

  openSettings(page: SettingsPage): void {
    this.settingsPage = page;
    this.page = "settings";
  }

  get service() {
    return this.studio.service;
  }

  /** Asks for a price for what is picked; nothing is sent before the person agrees. */
  askFor(kind: "critique" | "enhance" | "compare"): void {
    void this.spend.ask(
      kind,
      this.picked.filter((photo) => photo.facts !== null).map((photo) => photo.id),
    );
  }

  /** The person has come back to the window, perhaps from the page on which one pays: then news is asked for at once. */
  cameBack(): void {
    if (this.service.unpaid.length > 0) this.studio.host.call("refresh_account", {}).catch(() => undefined);
  }

  openCritique(id: string): void {
    const line = this.service.critiques.find((each) => each.id === id);
    this.page = "critiques";
    if (line) void this.critiques.open(line);
  }

  /** Shows what came back from the cloud beside its photo. */
  openResult(job: ProJob): void {
    this.page = "queue";
    void this.proResult.open(job);
  }

  /** Says how the deleting of copies at the service went. */
  toldDeleted(deleted: DeletedCopies): void {
    if (deleted.deleted > 0) this.messages.say({ kind: "passing", tone: "ok", text: words.service.privacy.deletedNow(deleted.deleted) });
    const problem = deleted.problems[0];
    if (problem) this.#refused(problem);
  }

  // ---- telling

  #sentOff(kind: ProJob["kind"], count: number): void {
    this.messages.say({
      kind: "passing",
      tone: "info",
      about: "pro jobs",
      text: words.service.spend.queued(kind, count),
      action: { label: words.service.spend.toQueue, run: () => (this.page = "queue") },
    });
  }

  #jobEnded(job: ProJob): void {
    const name = job.photos[0]?.name ?? "";
    if (job.stage.kind === "failed") {
      this.messages.say({
        kind: "lasting",
        tone: "bad",
        text: job.stage.problem.message,
        more: words.service.job.charged[job.stage.charge],
        action: { label: words.service.spend.toQueue, run: () => (this.page = "queue") },
      });
    } else if (job.stage.kind === "done") {
      const result = job.stage.result;
      const several = this.messages.list.some((message) => message.id === this.#doneTold.message) ? this.#doneTold.jobs + 1 : 1;
      const showOne = () => (result.kind === "enhanced" ? this.openResult(job) : this.openCritique(result.id));
      const message = this.messages.say({
        kind: "passing",
        tone: "ok",
        about: "pro jobs",
        text: several > 1 ? words.service.job.messageSeveral(several) : words.service.job.messageDone(job.kind, name),
        action: { label: words.service.job.show, run: several > 1 ? () => (this.page = "queue") : showOne },
      });
      this.#doneTold = { message, jobs: several };
    }
  }

  #paid(order: Order): void {
    this.messages.say({ kind: "passing", tone: "ok", text: words.service.credits.paid(order.credits) });
  }

  #drop(drop: Drop): void {
    this.heldOver = drop.kind === "over" ? drop.paths : null;
    if (drop.kind !== "drop") return;
    this.studio.add(drop.paths);
    if (this.page !== "studio") this.page = "studio";
  }

  #scanned(scanned: Scanned): void {
    const asides: string[] = [];
    if (scanned.known > 0) asides.push(words.messages.known(scanned.known));
    if (scanned.passed_over > 0) asides.push(words.messages.passedOver(scanned.passed_over));
    const problems = scanned.problems;
    if (problems.length > 0) {
      const more = problems.length > 1 ? problems.slice(1, 4).map((problem) => problem.message).join(" ") : undefined;
      this.messages.say({ kind: "lasting", tone: "warn", text: problems[0]!.message, ...(more === undefined ? {} : { more }) });
    }
    if (scanned.added === 0 && asides.length === 0 && problems.length > 0) return;
    // A plain drop of photos speaks for itself.
    if (scanned.added > 0 && asides.length === 0) return;
    const head = scanned.added > 0 ? words.messages.added(scanned.added) : scanned.known > 0 ? "" : words.messages.nothingFound;
    this.messages.say({ kind: "passing", tone: "info", text: [head, ...asides].filter((part) => part !== "").join(" · ") });
  }

  /** The saved result, as long as it is what the photo's recipe says: once the recipe is turned, the preview is the news. */
  resultOf(photo: Photo): ResultFile | null {
    if (photo.state.kind !== "done") return null;
    const made = this.#madeWith.get(photo.state.result.key) ?? photo.recipe;
    return sameRecipe(made, this.edits.recipe(photo)) ? photo.state.result : null;
  }

  #photoChanged(photo: Photo): void {
    this.edits.settle(photo);
    const state = photo.state;
    if (state.kind === "waiting" || state.kind === "working") this.#batch.add(photo.id);
    // A job takes the recipe as it stands when the work begins; a later turn of a knob is not in the result.
    if (state.kind === "working" && !this.#inWork.has(photo.id)) this.#inWork.set(photo.id, photo.recipe);
    if (state.kind === "done" && !this.#madeWith.has(state.result.key)) this.#madeWith.set(state.result.key, this.#inWork.get(photo.id) ?? photo.recipe);
    if (state.kind !== "working") this.#inWork.delete(photo.id);
  }

  /** Says how the photos that were in the queue have ended. Waits a moment: the last photo's own news may follow the queue's. */
  #queueEnded(): void {
    const batch = this.#batch;
    this.#batch = new Set();
    setTimeout(() => {
      const ended = [...batch].map((id) => this.studio.photos.get(id)).filter((photo) => photo !== undefined);
      const done = ended.filter((photo) => photo.state.kind === "done");
      const failed = ended.filter((photo) => photo.state.kind === "failed");
      const first = done[0];
      if (first) {
        this.messages.say({
          kind: "passing",
          tone: "ok",
          text: words.messages.enhanced(done.length),
          action: { label: words.messages.showInFolder, run: () => this.studio.reveal(first.id) },
        });
      }
      if (failed.length > 0) {
        this.messages.say({
          kind: "lasting",
          tone: "bad",
          text: words.messages.failedBatch(failed.length),
          action: { label: words.messages.showFailed, run: () => this.#showFailed() },
        });
      }
    }, LATE_NEWS_MS);
  }

  #showFailed(): void {
    this.page = "studio";
    this.setFilter("failed");
  }

  #refused(problem: Problem): void {
    this.messages.say({ kind: "lasting", tone: "bad", text: problem.message, more: errorWords(problem).advice });
  }
}

const KEY = Symbol("app");

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
