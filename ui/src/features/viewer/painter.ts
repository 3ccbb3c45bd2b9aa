/**
 * Draws the layers of a photo: the original, the preview over it, the saved result over that. Decides nothing: it is told what is in view,
 * and draws what is at hand of it.
 */
import {
  coarsestLevel,
  levelFor,
  mapBox,
  photoBox,
  seenOf,
  tileBox,
  tilesIn,
  type Box,
  type Camera,
  type Size,
  type Tile,
} from "./geometry";
import { placed } from "../../state/framing";
import { resultAddress, sourceAddress, type Announced, type Previews, type Subject } from "./layers";
import type { Picture, TileCache } from "./tiles";

const FADE_MS = 120;
/** From this many device pixels a pixel, pixels are shown as squares. */
const SQUARES_FROM = 3;
/** A picture this small is a stand-in (the thumbnail of a small photo), never pixels to look at. */
const STAND_IN = 200;

/** One frame of one pane. */
export interface Scene {
  subject: Subject;
  camera: Camera;
  pane: Size;
  /** Device pixels a screen pixel. */
  ratio: number;
  /** Level of the photo's pyramid, and its tiles in view. */
  level: number;
  tiles: readonly Tile[];
  /** Where the pane starts on the canvas, in screen pixels from its left edge. */
  shift: number;
}

/** The result has a pyramid of its own, in its own pixels. */
export function resultView(scene: Pick<Scene, "subject" | "camera" | "pane" | "ratio">, size: Size): { level: number; tiles: Tile[] } {
  const { subject, camera, pane, ratio } = scene;
  const level = levelFor((camera.scale * ratio * subject.size.width) / size.width, size);
  return { level, tiles: tilesIn(size, level, mapBox(seenOf(camera, pane, subject.size), subject.size, size)) };
}

export class Painter {
  #context: CanvasRenderingContext2D;
  #cache: TileCache;
  #now: number;
  #fade: boolean;
  /** Something is still fading in: the next frame will look different. */
  fading = false;

  /** For one frame. `fade` is false where nothing may move. */
  constructor(context: CanvasRenderingContext2D, cache: TileCache, now: number, fade: boolean) {
    this.#context = context;
    this.#cache = cache;
    this.#now = now;
    this.#fade = fade;
  }

  /** Draws in a part of the canvas only. */
  within(box: Box, ratio: number, draw: () => void): void {
    const context = this.#context;
    context.save();
    context.beginPath();
    const left = Math.round(box.x * ratio);
    const right = Math.round((box.x + box.width) * ratio);
    context.rect(left, Math.round(box.y * ratio), right - left, Math.round(box.height * ratio));
    context.clip();
    draw();
    context.restore();
  }

  source(scene: Scene): void {
    const { subject } = scene;
    const thumbnail = subject.thumbnail === null ? null : this.#cache.get(subject.thumbnail);
    if (thumbnail) this.#standIn(scene, thumbnail.picture);
    this.#pyramid(scene, subject.size, scene.level, scene.tiles, (level, tile) => sourceAddress(subject, level, tile));
  }

  /** The thumbnail shows all of the photo: it is turned and cut as the photo is. */
  #standIn(scene: Scene, picture: Picture): void {
    const { subject, camera, ratio } = scene;
    if (subject.framing === null) {
      this.#place(scene, picture, { x: 0, y: 0, ...subject.size }, 1);
      return;
    }
    const { whole } = subject;
    const { x, y, angle } = placed(whole, subject.framing);
    const box = photoBox(camera, scene.pane, subject.size);
    const left = box.x + scene.shift;
    const scale = camera.scale * ratio;
    this.within({ ...box, x: left }, ratio, () => {
      const context = this.#context;
      context.translate((left + x * camera.scale) * ratio, (box.y + y * camera.scale) * ratio);
      context.rotate(angle);
      this.#smooth(picture, whole.width * scale);
      context.drawImage(picture.source, (-whole.width / 2) * scale, (-whole.height / 2) * scale, whole.width * scale, whole.height * scale);
    });
  }

  result(scene: Scene, previews: Previews): void {
    const { subject } = scene;
    const result = subject.result;
    if (subject.untouched && result === null) return;
    // What the preview showed stays under the saved result until its tiles are there.
    this.#previews(scene, previews);
    if (result === null) return;
    const own = resultView(scene, result.size);
    this.#pyramid(scene, result.size, own.level, own.tiles, (level, tile) => resultAddress(result.key, level, tile));
  }

  #previews(scene: Scene, previews: Previews): void {
    const { subject, level } = scene;
    const seen = seenOf(scene.camera, scene.pane, subject.size);
    for (let at = coarsestLevel(subject.size); at >= level; at -= 1) {
      for (const tile of at === level ? scene.tiles : tilesIn(subject.size, at, seen)) {
        const announced = previews.get(at, tile);
        if (announced) this.#preview(scene, announced, tileBox(subject.size, at, tile));
      }
    }
  }

  /** A tile over the one that it replaces, which stays until this one is wholly there. */
  #preview(scene: Scene, announced: Announced, box: Box): void {
    const held = this.#cache.get(announced.address);
    const alpha = held ? this.#alpha(held.since) : 0;
    if (alpha < 1 && announced.instead) {
      const before = this.#cache.get(announced.instead.address);
      if (before) this.#place(scene, before.picture, box, 1);
    }
    if (held) this.#place(scene, held.picture, box, alpha);
  }

  /** Coarser tiles first, as far as they are at hand, then the sharp ones. */
  #pyramid(scene: Scene, own: Size, level: number, tiles: readonly Tile[], address: (level: number, tile: Tile) => string): void {
    const photo = scene.subject.size;
    const sharp = tiles.every((tile) => {
      const held = this.#cache.get(address(level, tile));
      return held !== null && this.#alpha(held.since) === 1;
    });
    const seen = mapBox(seenOf(scene.camera, scene.pane, photo), photo, own);
    for (let at = sharp ? level : coarsestLevel(own); at >= level; at -= 1) {
      for (const tile of at === level ? tiles : tilesIn(own, at, seen)) {
        const held = this.#cache.get(address(at, tile));
        if (held) this.#place(scene, held.picture, mapBox(tileBox(own, at, tile), own, photo), this.#alpha(held.since));
      }
    }
  }

  #alpha(since: number): number {
    if (!this.#fade) return 1;
    const alpha = Math.min(1, Math.max(0, (this.#now - since) / FADE_MS));
    if (alpha < 1) this.fading = true;
    return alpha;
  }

  /** Draws a picture over a box of the photo. Edges go to whole device pixels, so that neighbours meet without a seam. */
  #place(scene: Scene, picture: Picture, box: Box, alpha: number): void {
    const { camera, ratio } = scene;
    const corner = photoBox(camera, scene.pane, { width: 0, height: 0 });
    const edge = (origin: number, at: number) => Math.round((origin + at * camera.scale) * ratio);
    const left = edge(corner.x + scene.shift, box.x);
    const right = edge(corner.x + scene.shift, box.x + box.width);
    const top = edge(corner.y, box.y);
    const bottom = edge(corner.y, box.y + box.height);
    if (right <= left || bottom <= top) return;
    const context = this.#context;
    context.globalAlpha = alpha;
    this.#smooth(picture, right - left);
    context.drawImage(picture.source, left, top, right - left, bottom - top);
    context.globalAlpha = 1;
  }

  /** For a picture that is drawn so many device pixels wide. */
  #smooth(picture: Picture, width: number): void {
    this.#context.imageSmoothingEnabled = width / picture.width < SQUARES_FROM || picture.width < STAND_IN;
    this.#context.imageSmoothingQuality = "high";
  }
}
