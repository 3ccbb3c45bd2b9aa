/** Where pins stand on the picture. Pure: everything in fractions of it. */
import type { CritiqueFinding, PhotoRegion } from "../../contract/generated";

export interface Pin {
  number: number;
  x: number;
  y: number;
  region: PhotoRegion | null;
}

/** Nearer to an edge than this a pin would be cut; nearer to each other than this they would hide one another. */
const EDGE = 0.022;
const APART = 0.036;
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, Number.isFinite(value) ? value : low));

/** A region within the picture; null when nothing of it is. */
export function within(region: PhotoRegion): PhotoRegion | null {
  const left = clamp(region.x, 0, 1);
  const top = clamp(region.y, 0, 1);
  const width = clamp(region.x + region.width, 0, 1) - left;
  const height = clamp(region.y + region.height, 0, 1) - top;
  return width > 0.002 && height > 0.002 ? { x: left, y: top, width, height } : null;
}

/** One pin for each finding that has a place, at the upper left of its region, moved so that all can be seen and pressed. */
export function pinsOf(findings: readonly CritiqueFinding[], aspect: number): Pin[] {
  const pins: Pin[] = [];
  for (const finding of findings) {
    const region = finding.region === undefined ? null : within(finding.region);
    if (region === null) continue;
    const pin: Pin = { number: finding.number, x: clamp(region.x, EDGE, 1 - EDGE), y: clamp(region.y, EDGE * aspect, 1 - EDGE * aspect), region };
    for (let tries = 0; tries < 12 && pins.some((other) => Math.abs(other.x - pin.x) < APART && Math.abs(other.y - pin.y) < APART * aspect); tries += 1) {
      pin.x += APART;
      if (pin.x > 1 - EDGE) {
        pin.x = EDGE;
        pin.y = clamp(pin.y + APART * aspect, EDGE * aspect, 1 - EDGE * aspect);
      }
    }
    pins.push(pin);
  }
  return pins;
}
