/**
 * The viewer's engine: holds the camera, asks for tiles, draws them on one canvas. Plain TypeScript; Svelte only lays its controls over the
 * canvas, from what {@link ViewerState} says.
 *
 * Drawing happens at most once a frame and only when something has changed. Under the sharp tiles lie coarser ones and under those the
 * stretched thumbnail, so that something is there from the first frame.
 */
import type { PreviewTile, View, ViewKey } from "../../contract/generated";
import {
  clampCamera,
  CLOSEST,
  fitScale,
  levelFor,
  panBy,
  seenOf,
  tilesIn,
  visibleBox,
  zoomTo,
  type Box,
  type Camera,
  type Margins,
  type Point,
  type Size,
  type Tile,
} from "./geometry";
import { markOf, Previews, resultAddress, sourceAddress, type Mark, type Subject } from "./layers";
import { Painter, resultView, type Scene } from "./painter";
import { TileCache, type Load } from "./tiles";

export type Mode = "split" | "side" | "result";

/** What the controls over the canvas need to know. */
export interface ViewerState {
  /** Device pixels a pixel of the result; 1 is "1:1". */
  zoom: number;
  fits: boolean;
  /** Where the photo is seen, in screen pixels of the canvas; the second is the result's when they stand side by side. */
  boxes: [Box, Box | null];
  /** Null when there is nothing to say: all is final, or there is no preview. */
  mark: (Mark & { standIn: boolean }) | null;
  /** Whether the whole recipe is on screen in final pixels or as the saved result. */
  settled: boolean;
}

export interface ViewerOptions {
  canvas: HTMLCanvasElement;
  load: Load;
  url: (address: string) => string;
  setView: (view: View) => Promise<ViewKey>;
  clearView: () => void;
  changed: (state: ViewerState) => void;
  now: () => number;
  /** Calls back before the next frame. */
  frame: (draw: () => void) => void;
  devicePixelRatio: () => number;
  reducedMotion: () => boolean;
}

/** A changing view is told this often at most. */
const VIEW_EVERY_MS = 60;
/** Stands for a view that the studio still works on, and that is not wanted any more. */
const OUTDATED = "outdated";
/** Between two panes side by side. */
const GAP = 12;

export class ViewerController {
  #options: ViewerOptions;
  #context: CanvasRenderingContext2D | null;
  #cache: TileCache;
  #previews = new Previews();
  #subject: Subject | null = null;
  #mode: Mode = "split";
  #split = 0.5;
  #holdOriginal = false;
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  #fits = true;
  #whole: Size = { width: 0, height: 0 };
  #margins: Margins = { x: 24, y: 24 };
  #queued = false;
  #destroyed = false;
  /** The view that the studio works on; empty for none. */
  #sentView = "";
  #viewTimer: ReturnType<typeof setTimeout> | null = null;
  #nextView: { view: View; wanted: string } | null = null;
  #viewTurn = 0;
  #said = "";

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#context = options.canvas.getContext("2d", { alpha: false });
    this.#cache = new TileCache({ load: options.load, url: options.url, changed: () => this.invalidate(), now: options.now });
  }

  // ---- what to show

  show(subject: Subject | null): void {
    const before = this.#subject;
    this.#subject = subject;
    if (subject?.id !== before?.id) {
      this.#previews.clear();
      this.#fits = true;
    } else if (subject && before && !sameFraming(subject, before)) {
      // Tiles of another framing show other places: whatever was asked for is asked for anew, and an answer to it says nothing any more.
      this.#previews.clear();
      this.#viewTurn += 1;
      this.#nextView = null;
      if (this.#sentView !== "") this.#sentView = OUTDATED;
    }
    if (subject === null) {
      if (before !== null) this.#dropView();
    } else if (this.#fits || before?.id !== subject.id) {
      this.fit();
    } else if (before) {
      this.#keepZoom(before.size, subject.size);
    }
    this.invalidate();
  }

  /** The photo has another size now: about the same place of it stays in the middle. */
  #keepZoom(before: Size, now: Size): void {
    if (before.width === now.width && before.height === now.height) return;
    const { x, y, scale } = this.#camera;
    if (scale <= this.#fitScale()) this.fit();
    else this.#move({ x: (x * now.width) / before.width, y: (y * now.height) / before.height, scale });
  }

  setMode(mode: Mode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (this.#fits) this.fit();
    else this.#move(this.#camera);
  }

  setSplit(split: number): void {
    this.#split = split;
    this.invalidate();
  }

  setHoldOriginal(hold: boolean): void {
    this.#holdOriginal = hold;
    this.invalidate();
  }

  setMargins(margins: Margins): void {
    this.#margins = margins;
    if (this.#fits) this.fit();
  }

  /** The canvas has this size in screen pixels now. */
  resize(size: Size): void {
    this.#whole = size;
    const ratio = this.#options.devicePixelRatio();
    const canvas = this.#options.canvas;
    const width = Math.max(1, Math.round(size.width * ratio));
    const height = Math.max(1, Math.round(size.height * ratio));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    if (this.#fits) this.fit();
    else this.#move(this.#camera);
    // Setting a canvas' size empties it: fill it before it is seen.
    this.#draw();
  }

  previewTile(tile: PreviewTile): void {
    if (tile.photo !== this.#subject?.id) return;
    if (this.#previews.add(tile, this.#options.now())) this.invalidate();
  }

  destroy(): void {
    this.#destroyed = true;
    if (this.#viewTimer !== null) clearTimeout(this.#viewTimer);
    this.#dropView();
    this.#cache.clear();
  }

  // ---- the camera

  /** One pane, or the left one of two: they are equal and share the camera. */
  pane(): Size {
    return this.#mode === "side" ? { width: Math.max(1, (this.#whole.width - GAP) / 2), height: this.#whole.height } : this.#whole;
  }

  get camera(): Camera {
    return this.#camera;
  }

  /** Screen pixels a photo pixel at "1:1" of the result. */
  #oneToOne(): number {
    return (this.#subject?.scale ?? 1) / this.#options.devicePixelRatio();
  }

  #fitScale(): number {
    return this.#subject ? fitScale(this.#subject.size, this.pane(), this.#margins, this.#oneToOne()) : 1;
  }

  fit(): void {
    const subject = this.#subject;
    if (!subject) return;
    this.#fits = true;
    this.#camera = { x: subject.size.width / 2, y: subject.size.height / 2, scale: this.#fitScale() };
    this.invalidate();
  }

  /** 1:1, with the photo pixel at `at` (screen pixels of the canvas) kept there; the middle when absent. */
  oneToOne(at?: Point): void {
    this.zoomToScale(this.#oneToOne(), at);
  }

  /** 1:1, or back to fitting when it is at 1:1. */
  toggleOneToOne(at?: Point): void {
    if (Math.abs(this.#camera.scale / this.#oneToOne() - 1) < 0.001 && !this.#fits) this.fit();
    else this.oneToOne(at);
  }

  zoomBy(factor: number, at?: Point): void {
    this.zoomToScale(this.#camera.scale * factor, at);
  }

  zoomToScale(scale: number, at?: Point): void {
    if (!this.#subject) return;
    const pane = this.pane();
    const smallest = this.#fitScale();
    const largest = (CLOSEST * this.#oneToOne()) / Math.min(1, this.#subject.scale);
    const bounded = Math.min(largest, Math.max(smallest, scale));
    if (bounded <= smallest * 1.0001) {
      this.fit();
      return;
    }
    this.#fits = false;
    this.#move(zoomTo(this.#camera, pane, bounded, this.#inPane(at ?? { x: pane.width / 2, y: pane.height / 2 })));
  }

  panBy(by: Point): void {
    if (!this.#fits) this.#move(panBy(this.#camera, by));
  }

  /** Whether there is anything to pan to. */
  get canPan(): boolean {
    return !this.#fits;
  }

  #move(camera: Camera): void {
    if (!this.#subject) return;
    this.#camera = clampCamera(camera, this.pane(), this.#subject.size);
    this.invalidate();
  }

  /** A point on the canvas as a point in its pane. */
  #inPane(at: Point): Point {
    const pane = this.pane();
    return this.#mode === "side" && at.x > pane.width ? { x: at.x - pane.width - GAP, y: at.y } : at;
  }

  // ---- drawing

  /** Something has changed: draw before the next frame. */
  invalidate(): void {
    if (this.#queued || this.#destroyed) return;
    this.#queued = true;
    this.#options.frame(() => {
      this.#queued = false;
      if (!this.#destroyed) this.#draw();
    });
  }

  #draw(): void {
    const context = this.#context;
    const subject = this.#subject;
    const canvas = this.#options.canvas;
    const ratio = this.#options.devicePixelRatio();
    if (context) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = getComputedStyle(canvas).backgroundColor || "#303030";
      context.fillRect(0, 0, canvas.width, canvas.height);
    }
    if (!subject || this.#whole.width === 0) {
      this.#say({ zoom: 1, fits: true, boxes: [{ x: 0, y: 0, width: 0, height: 0 }, null], mark: null, settled: true });
      return;
    }

    const camera = this.#camera;
    const pane = this.pane();
    const level = levelFor(camera.scale * ratio, subject.size);
    const tiles = tilesIn(subject.size, level, seenOf(camera, pane, subject.size));
    const visible = visibleBox(camera, pane, subject.size);
    const scene: Scene = { subject, camera, pane, ratio, level, tiles, shift: 0 };

    this.#want(scene);
    if (context) this.#paint(context, scene, visible);
    this.#scheduleView(subject, level, tiles);
    const second: Box | null = this.#mode === "side" ? { ...visible, x: visible.x + pane.width + GAP } : null;
    this.#say(this.#stateOf(subject, level, tiles, visible, second));
  }

  #paint(context: CanvasRenderingContext2D, scene: Scene, visible: Box): void {
    const { pane, ratio } = scene;
    const painter = new Painter(context, this.#cache, this.#options.now(), !this.#options.reducedMotion());
    const showsResult = !this.#holdOriginal;
    if (this.#mode === "side") {
      const right: Scene = { ...scene, shift: pane.width + GAP };
      painter.within({ x: 0, y: 0, ...pane }, ratio, () => painter.source(scene));
      painter.within({ x: right.shift, y: 0, ...pane }, ratio, () => {
        painter.source(right);
        if (showsResult) painter.result(right, this.#previews);
      });
    } else {
      painter.source(scene);
      const from = this.#mode === "split" ? visible.x + visible.width * this.#split : visible.x;
      const part = { x: from, y: 0, width: Math.max(0, visible.x + visible.width - from), height: pane.height };
      if (showsResult) painter.within(part, ratio, () => painter.result(scene, this.#previews));
    }
    if (painter.fading) this.invalidate();
  }

  #stateOf(subject: Subject, level: number, tiles: readonly Tile[], visible: Box, second: Box | null): ViewerState {
    const zoom = this.#camera.scale / this.#oneToOne();
    const previews = !subject.untouched && subject.previewable && subject.result === null;
    const mark = previews ? markOf(this.#previews, level, tiles, this.#options.now()) : null;
    const final = mark !== null && mark.squares.every((square) => square === "final");
    const settled = subject.untouched || subject.result !== null || final;
    return { zoom, fits: this.#fits, boxes: [visible, second], mark: mark === null || final ? null : { ...mark, standIn: level > 0 }, settled };
  }

  #say(state: ViewerState): void {
    const said = JSON.stringify(state);
    if (said === this.#said) return;
    this.#said = said;
    this.#options.changed(state);
  }

  // ---- asking

  /** Says which pictures are wanted: what is seen first, centre outwards. */
  #want(scene: Scene): void {
    const { subject, level, tiles } = scene;
    const wanted: string[] = [];
    if (subject.thumbnail !== null) wanted.push(subject.thumbnail);
    const result = subject.result;
    if (result) {
      const own = resultView(scene, result.size);
      for (const tile of own.tiles) wanted.push(resultAddress(result.key, own.level, tile));
    } else {
      for (const tile of tiles) {
        const announced = this.#previews.get(level, tile);
        if (announced) wanted.push(announced.address);
      }
    }
    for (const tile of tiles) wanted.push(sourceAddress(subject, level, tile));
    this.#cache.want(wanted);
  }

  #scheduleView(subject: Subject, level: number, tiles: readonly Tile[]): void {
    const photo = subject.id;
    if (typeof photo === "string" || subject.untouched || subject.result !== null || !subject.previewable || tiles.length === 0) {
      this.#dropView();
      return;
    }
    const view: View = { photo, recipe: subject.recipe, level, tiles: tiles.map(({ x, y }) => ({ x, y })) };
    const wanted = JSON.stringify(view);
    this.#nextView = wanted === this.#sentView ? null : { view, wanted };
    // A timer that runs is not started anew: a view that never stops changing is still told every so often.
    if (this.#nextView !== null) this.#viewTimer ??= setTimeout(() => void this.#sendView(), VIEW_EVERY_MS);
  }

  async #sendView(): Promise<void> {
    this.#viewTimer = null;
    const next = this.#nextView;
    this.#nextView = null;
    if (next === null || this.#destroyed) return;
    const { view, wanted } = next;
    this.#sentView = wanted;
    const turn = ++this.#viewTurn;
    this.#previews.asked(this.#options.now());
    try {
      const { recipe_key } = await this.#options.setView(view);
      if (turn !== this.#viewTurn || this.#subject?.id !== view.photo) return;
      this.#previews.use(recipe_key, this.#options.now());
    } catch {
      // A refusal is told by whoever sends commands. The next change of the view asks again.
    }
    this.invalidate();
  }

  #dropView(): void {
    if (this.#viewTimer !== null) clearTimeout(this.#viewTimer);
    this.#viewTimer = null;
    this.#nextView = null;
    if (this.#sentView === "") return;
    this.#sentView = "";
    this.#viewTurn += 1;
    this.#options.clearView();
  }
}

function sameFraming(a: Subject, b: Subject): boolean {
  return JSON.stringify(a.framing) === JSON.stringify(b.framing);
}
