/**
 * An in-memory studio for tests and for the demo: keeps a list of photos, pretends to work on them, and says what the real one would say.
 * It makes no pictures; whoever shows some gives it their URLs.
 */
import {
  RECIPE_VERSION,
  type Assessment,
  type Commands,
  type Device,
  type Event,
  type Facts,
  type Format,
  type Model,
  type Photo,
  type PhotoId,
  type Problem,
  type Recipe,
  type ResultFile,
  type Settings,
  type Snapshot,
  type SuggestedAction,
} from "../../contract/generated";
import { cropOf, WHOLE_PHOTO, withCrop } from "../../state/framing";
import { NO_SERVICE } from "../../state/service.svelte";
import type { CommandName, Drop, Host } from "../types";
import type { FakeService } from "./service";

export interface FakeOptions {
  /** Facts of a photo by its path. */
  facts?: (path: string) => Facts;
  /** URL of an address. */
  url?: (address: string) => string;
  /** Called once a photo has been opened and before anything of it is shown. */
  opened?: (photo: Photo) => Promise<void> | void;
  /** Seconds a photo takes. */
  secondsEach?: number;
  /** How much faster the fake's clock runs. */
  speed?: number;
  /** What the dialogs answer. */
  choosePhotos?: () => string[];
  chooseFolder?: () => string | null;
  chooseTarget?: (name: string) => string | null;
  /** The hosted service; this build knows none without it. */
  service?: FakeService;
  trouble?: Problem | null;
}

type Body<Name extends CommandName> = (request: Commands[Name]["request"]) => Commands[Name]["reply"];

const TICK_MS = 100;

export const FAKE_DEVICES: Device[] = [
  { id: "cuda", name: "NVIDIA RTX 4070", trust: { kind: "verified", max_error: 0.2, seconds_per_megapixel: 0.04 } },
  { id: "cpu", name: "AMD Ryzen 7 7700", trust: { kind: "verified", max_error: 0, seconds_per_megapixel: 0.61 } },
  {
    id: "webgpu",
    name: "Intel UHD 770",
    trust: {
      kind: "refused",
      reason: "The reference tile came back with wrong colours, 38 of 255 away from the processor's. The app does not use this device; the processor takes over, with the same result.",
    },
  },
];

const MODELS: Model[] = [
  { id: "restore", name: "Restore", version: "1", task: "restore", scale: 1 },
  { id: "tone", name: "Light and colour", version: "1", task: "tone", scale: 1 },
  { id: "upscale-2x", name: "Upscale 2×", version: "1", task: "upscale", scale: 2 },
  { id: "upscale-4x", name: "Upscale 4×", version: "1", task: "upscale", scale: 4 },
];

export const FAKE_AUTO: Recipe = {
  version: RECIPE_VERSION,
  steps: [
    { step: "restore", denoise: 0.48, detail: 0.3 },
    { step: "tone", strength: 0.58 },
  ],
};

const FAKE_ASSESSMENT: Assessment = { findings: ["low_light", "noise", "soft_detail"], recipe: FAKE_AUTO };

function defaultFacts(path: string): Facts {
  const format = /\.png$/i.test(path) ? "PNG" : /\.tiff?$/i.test(path) ? "TIFF" : "JPEG";
  const writes: Format = format === "PNG" ? "png" : format === "TIFF" ? "tiff" : "jpeg";
  return { width: 6048, height: 4032, format, writes, bits: 8, profile: "Display P3", bytes: 11_400_000 };
}

export class FakeStudio implements Host {
  readonly photos = new Map<PhotoId, Photo>();
  readonly calls: { name: CommandName; request: unknown }[] = [];
  settings: Settings = { device: null, export: { format: null, quality: 92, folder: null, collision: "rename" } };
  devices: Device[] = FAKE_DEVICES;
  readonly service: FakeService | null;
  #options: Required<Omit<FakeOptions, "trouble" | "service">> & { trouble: Problem | null };
  #hearers: ((event: Event) => void)[] = [];
  #dropHearers: ((drop: Drop) => void)[] = [];
  #next = 1;
  #waiting: PhotoId[] = [];
  #working: PhotoId | null = null;
  #closed = 0;
  #progressBefore = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #viewTurn = 0;
  /** Recipes by the keys under which their previews go. */
  readonly recipes = new Map<string, Recipe>();
  /** No work goes on: for pictures of a moment. */
  frozen = false;

  constructor({ service, ...options }: FakeOptions = {}) {
    this.service = service ?? null;
    service?.attach({
      emit: (event) => this.emit(event),
      nameOf: (id) => this.photos.get(id)?.name ?? `${id}.jpg`,
      setRecipe: (id, action) => this.#tried(id, action),
    });
    this.#options = {
      facts: defaultFacts,
      url: (address) => `photo:${address}`,
      opened: () => undefined,
      secondsEach: 18,
      speed: 1,
      choosePhotos: () => [],
      chooseFolder: () => null,
      chooseTarget: (name) => `/home/mara/${name}`,
      trouble: null,
      ...options,
    };
  }

  // ---- Host

  call<Name extends CommandName>(name: Name, request: Commands[Name]["request"]): Promise<Commands[Name]["reply"]> {
    this.calls.push({ name, request: structuredClone(request) });
    const bodies: { [Each in CommandName]?: Body<Each> } = {
      snapshot: () => this.#snapshot(),
      add_photos: ({ paths }) => this.#add(paths),
      add_sample: () => this.#add(["/usr/share/pretty/sample.jpg"]),
      remove_photos: ({ photos }) => this.#remove(photos),
      set_recipe: ({ photos, recipe }) => this.#setRecipe(photos, () => ({ recipe, auto: false })),
      use_auto: ({ photos, crop }) => {
        const kept = crop?.step === "crop" ? crop : null;
        return this.#setRecipe(photos, (photo) => ({ recipe: withCrop(photo.assessment?.recipe ?? photo.recipe, kept), auto: true }));
      },
      set_view: (view) => this.#setView(view),
      clear_view: () => this.#clearView(),
      estimate: ({ photos }) => ({ seconds: photos.length * this.#options.secondsEach, each: photos.map(() => this.#options.secondsEach) }),
      enhance: ({ photos }) => this.#enhance(photos),
      cancel: ({ photos }) => this.#cancel(photos),
      cancel_all: () => this.#cancel([...this.#waiting, ...(this.#working === null ? [] : [this.#working])]),
      reveal: () => ({}),
      check_devices: () => this.#checkDevices(),
      set_settings: (settings) => (this.settings = settings),
      ...this.service?.bodies(),
    };
    const body = bodies[name] as Body<Name> | undefined;
    const noService: Problem = { code: "service_unreachable", message: "This build of the program knows no service.", retryable: false };
    return body ? Promise.resolve().then(() => body(request)) : Promise.reject(noService);
  }

  listen(hear: (event: Event) => void): Promise<() => void> {
    this.#hearers.push(hear);
    return Promise.resolve(() => {
      this.#hearers = this.#hearers.filter((other) => other !== hear);
    });
  }

  photoUrl(address: string): string {
    return this.#options.url(address);
  }

  onDrop(hear: (drop: Drop) => void): Promise<() => void> {
    this.#dropHearers.push(hear);
    return Promise.resolve(() => undefined);
  }

  choosePhotos(): Promise<string[]> {
    return Promise.resolve(this.#options.choosePhotos());
  }

  chooseFolder(): Promise<string | null> {
    return Promise.resolve(this.#options.chooseFolder());
  }

  chooseTarget(name: string): Promise<string | null> {
    return Promise.resolve(this.#options.chooseTarget(name));
  }

  // ---- what tests and scenes do

  drop(drop: Drop): void {
    for (const hear of this.#dropHearers) hear(drop);
  }

  emit(event: Event): void {
    for (const hear of this.#hearers) hear(event);
  }

  /** Puts a photo on the list in a given state, as if it had come about. */
  put(path: string, change: Partial<Photo> = {}): Photo {
    const photo = { ...this.#opening(path), facts: this.#options.facts(path), assessment: FAKE_ASSESSMENT, recipe: FAKE_AUTO, state: { kind: "ready" as const } };
    const full: Photo = { ...photo, thumbnail: `thumb/${photo.id}`, ...change };
    this.photos.set(full.id, full);
    this.emit({ event: "photos_added", data: [full] });
    return full;
  }

  change(id: PhotoId, change: Partial<Photo>): void {
    const photo = this.photos.get(id);
    if (!photo) return;
    const next = { ...photo, ...change };
    this.photos.set(id, next);
    this.emit({ event: "photo_changed", data: next });
  }

  // ---- the commands

  #snapshot(): Snapshot {
    return {
      version: "0.1.0",
      photos: [...this.photos.values()],
      queue: this.#queue(),
      devices: this.devices,
      models: MODELS,
      settings: this.settings,
      online: this.service?.online ?? NO_SERVICE,
      pro_jobs: this.service?.jobs ?? [],
      critiques: this.service?.critiques ?? [],
      trouble: this.#options.trouble,
    };
  }

  #opening(path: string): Photo {
    const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
    return {
      id: this.#next++,
      name: path.slice(cut + 1),
      folder: path.slice(0, Math.max(0, cut)),
      facts: null,
      state: { kind: "opening" },
      recipe: { version: RECIPE_VERSION, steps: [] },
      auto: true,
      assessment: null,
      thumbnail: null,
    };
  }

  #add(paths: string[]): Record<string, never> {
    const photos: Photo[] = [];
    let passed = 0;
    for (const path of paths) {
      const within = /\.[A-Za-z0-9]{1,5}$/.test(path) ? [path] : Array.from({ length: 6 }, (_, index) => `${path}/P10402${40 + index}.jpg`);
      for (const file of within) {
        if (/\.(txt|pdf|mp4)$/i.test(file)) passed += 1;
        else photos.push(this.#opening(file));
      }
    }
    for (const photo of photos) this.photos.set(photo.id, photo);
    if (photos.length > 0) this.emit({ event: "photos_added", data: photos });
    this.emit({ event: "scanned", data: { added: photos.length, known: 0, passed_over: passed, problems: [] } });
    photos.forEach((photo, index) => setTimeout(() => void this.#open(photo), this.#wall(150 + index * 60)));
    return {};
  }

  async #open(photo: Photo): Promise<void> {
    if (!this.photos.has(photo.id)) return;
    if (/damaged/i.test(photo.name)) {
      const problem: Problem = { code: "file_damaged", message: `${photo.name} ends after 61 % of its data, so the lower part cannot be read.`, retryable: false };
      this.change(photo.id, { state: { kind: "failed", problem } });
      return;
    }
    await this.#options.opened(photo);
    this.change(photo.id, { facts: this.#options.facts(`${photo.folder}/${photo.name}`), thumbnail: `thumb/${photo.id}`, state: { kind: "ready" } });
    setTimeout(() => {
      const now = this.photos.get(photo.id);
      if (now) this.change(photo.id, { assessment: FAKE_ASSESSMENT, ...(now.auto ? { recipe: FAKE_AUTO } : {}) });
    }, this.#wall(250));
  }

  #remove(ids: PhotoId[]): Record<string, never> {
    this.#cancel(ids);
    for (const id of ids) this.photos.delete(id);
    this.emit({ event: "photos_removed", data: ids });
    return {};
  }

  #setRecipe(ids: PhotoId[], next: (photo: Photo) => Pick<Photo, "recipe" | "auto">): Record<string, never> {
    for (const id of ids) {
      const photo = this.photos.get(id);
      if (photo) this.change(id, next(photo));
    }
    return {};
  }

  /** What trying a suggestion does to a recipe. */
  #tried(id: PhotoId, action: SuggestedAction | undefined): Commands["try_suggestion"]["reply"] {
    const before = this.photos.get(id)?.recipe ?? FAKE_AUTO;
    const own = cropOf(before) ?? WHOLE_PHOTO;
    const recipe: Recipe =
      action !== undefined && "crop" in action
        ? withCrop(before, { ...own, ...action.crop })
        : action !== undefined && "straighten" in action
          ? withCrop(before, { ...own, degrees: action.straighten.degrees })
          : { ...before, steps: [...before.steps.filter((step) => step.step !== "tone"), { step: "tone", strength: 0.7 }] };
    this.change(id, { recipe, auto: (this.photos.get(id)?.auto ?? false) && action !== undefined && !("recipe" in action) });
    return { photo: id, recipe, before };
  }

  #setView(view: Commands["set_view"]["request"]): { recipe_key: string } {
    const turn = ++this.#viewTurn;
    const recipe_key = `k${[...JSON.stringify(view.recipe)].reduce((hash, sign) => (hash * 31 + sign.charCodeAt(0)) >>> 0, 7).toString(16)}`;
    this.recipes.set(recipe_key, view.recipe);
    view.tiles.forEach((at, index) => {
      const later = this.frozen && index >= view.tiles.length * 0.6 ? Infinity : 180 + index * 90;
      if (later === Infinity) return;
      setTimeout(() => {
        if (turn !== this.#viewTurn) return;
        const address = `preview/${view.photo}/${recipe_key}/${view.level}/${at.x}/${at.y}`;
        this.emit({ event: "preview_tile", data: { photo: view.photo, recipe_key, level: view.level, at, address, is_final: view.level === 0 } });
      }, this.#wall(later));
    });
    return { recipe_key };
  }

  #clearView(): Record<string, never> {
    this.#viewTurn += 1;
    return {};
  }

  #checkDevices(): Record<string, never> {
    const verdicts = this.devices;
    this.devices = verdicts.map((device) => ({ ...device, trust: { kind: "checking" } }));
    this.emit({ event: "devices", data: this.devices });
    setTimeout(() => {
      this.devices = verdicts;
      this.emit({ event: "devices", data: this.devices });
    }, this.#wall(1500));
    return {};
  }

  // ---- the work

  #enhance(ids: PhotoId[]): Record<string, never> {
    for (const id of ids) {
      if (this.photos.has(id) && id !== this.#working && !this.#waiting.includes(id)) this.#waiting.push(id);
    }
    this.#tellQueue();
    this.#tick();
    return {};
  }

  #cancel(ids: PhotoId[]): Record<string, never> {
    for (const id of ids) {
      if (id !== this.#working && !this.#waiting.includes(id)) continue;
      if (id === this.#working) this.#working = null;
      this.#waiting = this.#waiting.filter((other) => other !== id);
      this.change(id, { state: { kind: "ready" } });
    }
    this.#tellQueue();
    return {};
  }

  #tick(): void {
    if (this.#timer !== null || this.frozen) return;
    if (this.#working === null) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#closed = 0;
        this.#progressBefore = 0;
        return;
      }
      this.#working = next;
      this.change(next, { state: { kind: "working", progress: 0, seconds_left: null } });
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#step();
      this.#tellQueue();
      this.#tick();
    }, TICK_MS);
  }

  #step(): void {
    const photo = this.#working === null ? undefined : this.photos.get(this.#working);
    if (!photo || photo.state.kind !== "working") return;
    const progress = Math.min(1, photo.state.progress + (TICK_MS / 1000 / this.#options.secondsEach) * this.#options.speed);
    if (progress < 1) {
      this.change(photo.id, { state: { kind: "working", progress, seconds_left: (1 - progress) * this.#options.secondsEach } });
      return;
    }
    this.#working = null;
    this.#closed += 1;
    if (/locked/i.test(photo.name)) {
      const problem: Problem = { code: "target_read_only", message: `The result of ${photo.name} could not be saved: ${photo.folder} may not be written to.`, retryable: true };
      this.change(photo.id, { state: { kind: "failed", problem } });
    } else {
      this.change(photo.id, { state: { kind: "done", result: fakeResult(photo, this.#options.secondsEach) } });
    }
  }

  #queue() {
    const open = this.#waiting.length + (this.#working === null ? 0 : 1);
    const all = open + this.#closed;
    const state = this.#working === null ? undefined : this.photos.get(this.#working)?.state;
    const part = state?.kind === "working" ? state.progress : 0;
    const progress = all === 0 ? 0 : Math.max(this.#progressBefore, (this.#closed + part) / all);
    this.#progressBefore = open === 0 ? 0 : progress;
    return { open, closed: this.#closed, progress, seconds_left: open === 0 ? null : (open - part) * this.#options.secondsEach };
  }

  #tellQueue(): void {
    this.#waiting.forEach((id, index) => {
      const state = this.photos.get(id)?.state;
      if (state?.kind !== "waiting" || state.position !== index + 1) this.change(id, { state: { kind: "waiting", position: index + 1 } });
    });
    this.emit({ event: "queue", data: this.#queue() });
  }

  #wall(ms: number): number {
    return ms / this.#options.speed;
  }
}

export function fakeResult(photo: Photo, seconds: number, notes: string[] = []): ResultFile {
  const scale = photo.recipe.steps.find((step) => step.step === "upscale")?.scale ?? 1;
  return {
    path: `${photo.folder}/${photo.name.replace(/(\.[^.]+)$/, "-enhanced$1")}`,
    width: (photo.facts?.width ?? 1) * scale,
    height: (photo.facts?.height ?? 1) * scale,
    bytes: 12_800_000 * scale * scale,
    seconds,
    device: "NVIDIA RTX 4070",
    notes,
    key: `r${photo.id}-${scale}`,
  };
}
