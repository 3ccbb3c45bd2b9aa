/**
 * The viewer's arithmetic. Pure.
 *
 * Three spaces: photo pixels (upright, the original's own), screen pixels (CSS pixels of one pane, origin at its upper left) and device
 * pixels (screen times the device pixel ratio). A camera says which photo pixel stands in the middle of the pane and how many screen pixels
 * a photo pixel is wide.
 */
import { TILE } from "../../contract/generated";

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point, Size {}

export interface Camera extends Point {
  /** Screen pixels a photo pixel. */
  scale: number;
}

/** Room left around a photo that fits. */
export interface Margins {
  x: number;
  y: number;
}

/** Most device pixels that one pixel of the result may become. */
export const CLOSEST = 8;

/** The scale at which the whole photo is seen; never above `most`, so that a small photo is not blown up. */
export function fitScale(photo: Size, pane: Size, margins: Margins, most: number): number {
  const width = Math.max(1, pane.width - 2 * margins.x);
  const height = Math.max(1, pane.height - 2 * margins.y);
  return Math.min(width / photo.width, height / photo.height, most);
}

export function toPhoto(camera: Camera, pane: Size, at: Point): Point {
  return { x: camera.x + (at.x - pane.width / 2) / camera.scale, y: camera.y + (at.y - pane.height / 2) / camera.scale };
}

export function toScreen(camera: Camera, pane: Size, at: Point): Point {
  return { x: (at.x - camera.x) * camera.scale + pane.width / 2, y: (at.y - camera.y) * camera.scale + pane.height / 2 };
}

/** Where the whole photo lies on the screen. */
export function photoBox(camera: Camera, pane: Size, photo: Size): Box {
  const corner = toScreen(camera, pane, { x: 0, y: 0 });
  return { x: corner.x, y: corner.y, width: photo.width * camera.scale, height: photo.height * camera.scale };
}

/** The part of the photo's box that is in the pane; empty boxes have no width or height. */
export function visibleBox(camera: Camera, pane: Size, photo: Size): Box {
  const box = photoBox(camera, pane, photo);
  const x = Math.max(0, box.x);
  const y = Math.max(0, box.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(pane.width, box.x + box.width) - x),
    height: Math.max(0, Math.min(pane.height, box.y + box.height) - y),
  };
}

/** Keeps the photo in view: centred along an axis on which it fits, without a gap along one on which it does not. */
export function clampCamera(camera: Camera, pane: Size, photo: Size): Camera {
  return {
    scale: camera.scale,
    x: clampAxis(camera.x, pane.width / camera.scale, photo.width),
    y: clampAxis(camera.y, pane.height / camera.scale, photo.height),
  };
}

function clampAxis(centre: number, seen: number, whole: number): number {
  if (seen >= whole) return whole / 2;
  return Math.min(whole - seen / 2, Math.max(seen / 2, centre));
}

/** Zooms so that the photo pixel under `at` stays there. */
export function zoomTo(camera: Camera, pane: Size, scale: number, at: Point): Camera {
  const under = toPhoto(camera, pane, at);
  return { scale, x: under.x - (at.x - pane.width / 2) / scale, y: under.y - (at.y - pane.height / 2) / scale };
}

/** Moves the photo by so many screen pixels. */
export function panBy(camera: Camera, by: Point): Camera {
  return { scale: camera.scale, x: camera.x - by.x / camera.scale, y: camera.y - by.y / camera.scale };
}

/** How much one turn of a wheel zooms. Wheels report lines, pixels or pages; pinches on a touch pad report small pixels with Ctrl. */
export function wheelFactor(event: { deltaY: number; deltaMode: number; ctrlKey: boolean }): number {
  const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaMode === 2 ? event.deltaY * 400 : event.deltaY;
  const bounded = Math.min(120, Math.max(-120, pixels));
  return Math.exp(-bounded * (event.ctrlKey ? 0.01 : 0.0022));
}

/** The coarsest level of the pyramid: the first on which the picture is a single tile. */
export function coarsestLevel(picture: Size): number {
  let level = 0;
  while (Math.ceil(Math.max(picture.width, picture.height) / 2 ** level) > TILE) level += 1;
  return level;
}

/** The coarsest level that is still as sharp as the screen, for so many device pixels a picture pixel. */
export function levelFor(devicePixels: number, picture: Size): number {
  const wanted = Math.floor(Math.log2(1 / devicePixels) + 1e-6);
  return Math.min(coarsestLevel(picture), Math.max(0, wanted));
}

export interface Tile {
  x: number;
  y: number;
}

/** Columns and rows of tiles on a level. */
export function grid(picture: Size, level: number): { columns: number; rows: number } {
  const side = TILE * 2 ** level;
  return { columns: Math.max(1, Math.ceil(picture.width / side)), rows: Math.max(1, Math.ceil(picture.height / side)) };
}

/** A tile's place in pixels of level 0. */
export function tileBox(picture: Size, level: number, tile: Tile): Box {
  const side = TILE * 2 ** level;
  const x = tile.x * side;
  const y = tile.y * side;
  return { x, y, width: Math.min(side, picture.width - x), height: Math.min(side, picture.height - y) };
}

/** Tiles of a level that touch `seen` (in pixels of level 0), those nearest its centre first; on a tie from the top, then from the left. */
export function tilesIn(picture: Size, level: number, seen: Box): Tile[] {
  const { columns, rows } = grid(picture, level);
  const side = TILE * 2 ** level;
  const left = Math.max(0, Math.floor(seen.x / side));
  const top = Math.max(0, Math.floor(seen.y / side));
  const right = Math.min(columns, Math.ceil((seen.x + seen.width) / side));
  const bottom = Math.min(rows, Math.ceil((seen.y + seen.height) / side));
  const centre = { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
  const found: { tile: Tile; distance: number }[] = [];
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const box = tileBox(picture, level, { x, y });
      found.push({ tile: { x, y }, distance: Math.hypot(box.x + box.width / 2 - centre.x, box.y + box.height / 2 - centre.y) });
    }
  }
  found.sort((a, b) => a.distance - b.distance || a.tile.y - b.tile.y || a.tile.x - b.tile.x);
  return found.map(({ tile }) => tile);
}

/** The part of the photo in the pane, in photo pixels. */
export function seenOf(camera: Camera, pane: Size, photo: Size): Box {
  const from = toPhoto(camera, pane, { x: 0, y: 0 });
  const to = toPhoto(camera, pane, { x: pane.width, y: pane.height });
  const x = Math.max(0, from.x);
  const y = Math.max(0, from.y);
  return { x, y, width: Math.max(0, Math.min(photo.width, to.x) - x), height: Math.max(0, Math.min(photo.height, to.y) - y) };
}

/** Maps a box between two sizes of the same picture (photo to result and back). */
export function mapBox(box: Box, from: Size, to: Size): Box {
  const x = to.width / from.width;
  const y = to.height / from.height;
  return { x: box.x * x, y: box.y * y, width: box.width * x, height: box.height * y };
}
