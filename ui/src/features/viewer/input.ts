/** Hands on the viewer: drag, touch, pinch, wheel, double click, keys. Says what was meant; the controller does it. */
import { wheelFactor, type Point } from "./geometry";

export interface Target {
  zoomBy(factor: number, at?: Point): void;
  panBy(by: Point): void;
  toggleOneToOne(at?: Point): void;
  fit(): void;
  oneToOne(at?: Point): void;
  readonly canPan: boolean;
}

/** Most screen pixels between press and release that still make a click. */
const STILL = 4;
const KEY_PAN = 80;
export const KEY_ZOOM = Math.SQRT2;

/** Listens on the viewer's element until the returned function is called. */
export function takeInput(element: HTMLElement, target: Target, panning: (panning: boolean) => void): () => void {
  const pointers = new Map<number, Point>();
  let moved = 0;

  const at = (event: { clientX: number; clientY: number }): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const middle = (): { centre: Point; distance: number } => {
    const all = [...pointers.values()];
    const centre = { x: all.reduce((sum, point) => sum + point.x, 0) / all.length, y: all.reduce((sum, point) => sum + point.y, 0) / all.length };
    const distance = all.length < 2 ? 0 : Math.hypot(all[0]!.x - all[1]!.x, all[0]!.y - all[1]!.y);
    return { centre, distance };
  };

  const down = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && event.button !== 0 && event.button !== 1) return;
    if (event.button === 1) event.preventDefault();
    pointers.set(event.pointerId, at(event));
    moved = pointers.size === 1 ? 0 : Infinity;
    element.setPointerCapture?.(event.pointerId);
    panning(target.canPan);
  };

  const move = (event: PointerEvent) => {
    if (!pointers.has(event.pointerId)) return;
    const before = middle();
    pointers.set(event.pointerId, at(event));
    const after = middle();
    const by = { x: after.centre.x - before.centre.x, y: after.centre.y - before.centre.y };
    moved += Math.hypot(by.x, by.y);
    if (before.distance > 0 && after.distance > 0) target.zoomBy(after.distance / before.distance, after.centre);
    if (moved > STILL) target.panBy(by);
  };

  const up = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) panning(false);
  };

  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    // A wheel that turns sideways, and Shift with an ordinary one, move instead of zooming.
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const along = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      target.panBy({ x: -along, y: 0 });
      return;
    }
    target.zoomBy(wheelFactor(event), at(event));
  };

  const doubleClick = (event: MouseEvent) => target.toggleOneToOne(at(event));

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== element) return;
    const by = event.shiftKey ? KEY_PAN * 4 : KEY_PAN;
    const pan: Record<string, Point> = { ArrowLeft: { x: by, y: 0 }, ArrowRight: { x: -by, y: 0 }, ArrowUp: { x: 0, y: by }, ArrowDown: { x: 0, y: -by } };
    const way = pan[event.key];
    if (!way || !target.canPan) return;
    event.preventDefault();
    event.stopPropagation();
    target.panBy(way);
  };

  const listeners: [string, (event: never) => void, AddEventListenerOptions?][] = [
    ["pointerdown", down],
    ["pointermove", move],
    ["pointerup", up],
    ["pointercancel", up],
    ["lostpointercapture", up],
    ["wheel", wheel, { passive: false }],
    ["dblclick", doubleClick],
    ["keydown", key],
  ];
  for (const [name, listener, options] of listeners) element.addEventListener(name, listener as EventListener, options);
  return () => {
    for (const [name, listener, options] of listeners) element.removeEventListener(name, listener as EventListener, options);
  };
}
