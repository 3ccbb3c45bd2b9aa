/**
 * What the window knows, fed by the studio's snapshot and events. State travels whole: an event replaces what was known, it never
 * patches it, so that a lost or doubled event does no lasting harm. Commands are sent here and nowhere else.
 */
import { SvelteMap } from "svelte/reactivity";

import type {
  Commands,
  Device,
  Event,
  Export,
  Model,
  Photo,
  PhotoId,
  PreviewTile,
  Problem,
  Queue,
  Recipe,
  Scanned,
  Settings,
  Step,
} from "../contract/generated";
import { asProblem, type CommandName, type Host, type Unlisten } from "../platform";
import { Service } from "./service.svelte";

/** What does not change what is known, but must be told on. */
export interface Hearers {
  /** A photo's facts, state or recipe changed. */
  photoChanged?: (photo: Photo) => void;
  scanned?: (scanned: Scanned) => void;
  previewTile?: (tile: PreviewTile) => void;
  previewFailed?: (photo: PhotoId, problem: Problem) => void;
  /** The queue ran empty: every photo that was in it has ended. */
  queueEnded?: () => void;
  /** A command was refused, and nothing closer to the cause says so. */
  refused?: (problem: Problem) => void;
}

const NO_QUEUE: Queue = { open: 0, closed: 0, progress: 0, seconds_left: null };
const NO_SETTINGS: Settings = { device: null, export: { format: null, quality: 92, folder: null, collision: "rename" } };

export class Studio {
  /** Photos in the order of the list. */
  readonly photos = new SvelteMap<PhotoId, Photo>();
  queue = $state.raw<Queue>(NO_QUEUE);
  devices = $state.raw<Device[]>([]);
  models = $state.raw<Model[]>([]);
  settings = $state.raw<Settings>(NO_SETTINGS);
  trouble = $state.raw<Problem | null>(null);
  /** Something to know that keeps nothing from working. */
  notice = $state.raw<Problem | null>(null);
  version = $state.raw("");
  /** False until the first snapshot has come. */
  ready = $state.raw(false);

  /** All photos as a list. */
  readonly list = $derived([...this.photos.values()]);

  /** What is known of the hosted service. */
  readonly service = new Service(this);

  readonly host: Host;
  #hearers: Hearers[] = [];

  constructor(host: Host) {
    this.host = host;
  }

  /** Listens first and asks then, so that nothing falls between the two. */
  async connect(): Promise<Unlisten> {
    const unlisten = await this.host.listen((event) => this.apply(event));
    const snapshot = await this.host.call("snapshot", {});
    this.photos.clear();
    for (const photo of snapshot.photos) this.photos.set(photo.id, photo);
    this.queue = snapshot.queue;
    this.devices = snapshot.devices;
    this.models = snapshot.models;
    this.settings = snapshot.settings;
    this.trouble = snapshot.trouble;
    this.notice = snapshot.notice ?? null;
    this.version = snapshot.version;
    this.service.start(snapshot.online, snapshot.pro_jobs, snapshot.critiques);
    this.ready = true;
    return unlisten;
  }

  /** Tells the hearer of what {@link Hearers} lists, until the returned function is called. */
  hear(hearer: Hearers): Unlisten {
    this.#hearers.push(hearer);
    return () => {
      this.#hearers = this.#hearers.filter((other) => other !== hearer);
    };
  }

  apply(event: Event): void {
    switch (event.event) {
      case "photos_added":
        for (const photo of event.data) this.photos.set(photo.id, photo);
        break;
      case "photo_changed":
        // A change that comes after the removal is late news.
        if (this.photos.has(event.data.id)) {
          this.photos.set(event.data.id, event.data);
          for (const hearer of this.#hearers) hearer.photoChanged?.(event.data);
        }
        break;
      case "photos_removed":
        for (const id of event.data) this.photos.delete(id);
        break;
      case "queue": {
        const ended = this.queue.open > 0 && event.data.open === 0;
        this.queue = event.data;
        if (ended) for (const hearer of this.#hearers) hearer.queueEnded?.();
        break;
      }
      case "devices":
        this.devices = event.data;
        break;
      case "scanned":
        for (const hearer of this.#hearers) hearer.scanned?.(event.data);
        break;
      case "preview_tile":
        for (const hearer of this.#hearers) hearer.previewTile?.(event.data);
        break;
      case "preview_failed":
        for (const hearer of this.#hearers) hearer.previewFailed?.(event.data.photo, event.data.problem);
        break;
      case "online":
      case "pro_jobs":
      case "pro_job_changed":
      case "critiques":
        this.service.apply(event);
        break;
    }
  }

  /** Sends a command; a refusal is told on and rethrown. */
  async call<Name extends CommandName>(name: Name, request: Commands[Name]["request"]): Promise<Commands[Name]["reply"]> {
    try {
      return await this.host.call(name, request);
    } catch (thrown) {
      const problem = asProblem(thrown);
      for (const hearer of this.#hearers) hearer.refused?.(problem);
      throw problem;
    }
  }

  /** Sends a command whose refusal has been told on and whose reply says nothing. */
  send<Name extends CommandName>(name: Name, request: Commands[Name]["request"]): void {
    this.call(name, request).catch(() => undefined);
  }

  add(paths: string[]): void {
    if (paths.length > 0) this.send("add_photos", { paths });
  }

  async choosePhotos(): Promise<void> {
    await this.#choose(async () => this.add(await this.host.choosePhotos()));
  }

  async chooseFolderOfPhotos(): Promise<void> {
    await this.#choose(async () => {
      const folder = await this.host.chooseFolder();
      if (folder !== null) this.add([folder]);
    });
  }

  async chooseTargetFolder(): Promise<void> {
    await this.#choose(async () => {
      const folder = await this.host.chooseFolder();
      if (folder !== null) await this.setExport({ folder });
    });
  }

  /** Asks where to save something under a name and goes on with the path; nothing when the person thinks better of it. */
  async saveAs(name: string, save: (path: string) => Promise<unknown> | void): Promise<void> {
    await this.#choose(async () => {
      const path = await this.host.chooseTarget(name);
      if (path !== null) await save(path);
    });
  }

  async #choose(ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
    } catch (thrown) {
      const problem = asProblem(thrown);
      for (const hearer of this.#hearers) hearer.refused?.(problem);
    }
  }

  remove(photos: PhotoId[]): void {
    if (photos.length > 0) this.send("remove_photos", { photos });
  }

  enhance(photos: PhotoId[]): void {
    if (photos.length > 0) this.send("enhance", { photos, export: null });
  }

  cancel(photos: PhotoId[]): void {
    if (photos.length > 0) this.send("cancel", { photos });
  }

  reveal(photo: PhotoId): void {
    this.send("reveal", { photo });
  }

  async setExport(change: Partial<Export>): Promise<void> {
    await this.#set({ ...this.settings, export: { ...this.settings.export, ...change } });
  }

  async setDevice(device: string | null): Promise<void> {
    await this.#set({ ...this.settings, device });
  }

  /** Shows the change at once and takes it back when the studio refuses it. */
  async #set(settings: Settings): Promise<void> {
    const before = this.settings;
    this.settings = settings;
    try {
      const kept = await this.call("set_settings", settings);
      if (this.settings === settings) this.settings = kept;
    } catch {
      if (this.settings === settings) this.settings = before;
    }
  }

  /** For the recipe edits only: they know what was there before. */
  setRecipe(photos: PhotoId[], recipe: Recipe): Promise<unknown> {
    return this.call("set_recipe", { photos, recipe });
  }

  useAuto(photos: PhotoId[], crop: Step | null): Promise<unknown> {
    return this.call("use_auto", { photos, ...(crop === null ? {} : { crop }) });
  }
}
