import { beforeEach, describe, expect, it, vi } from "vitest";

import { takeInput } from "./input";

function pointer(type: string, x: number, y: number, id = 1, pointerType = "mouse"): Event {
  const event = new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, cancelable: true });
  return Object.assign(event, { pointerId: id, pointerType });
}

describe("hands on the viewer", () => {
  const target = { zoomBy: vi.fn(), panBy: vi.fn(), toggleOneToOne: vi.fn(), fit: vi.fn(), oneToOne: vi.fn(), canPan: true };
  let element: HTMLElement;

  beforeEach(() => {
    Object.values(target).forEach((one) => typeof one === "function" && one.mockClear());
    element = document.createElement("div");
    document.body.append(element);
    const giveBack = takeInput(element, target, () => {});
    return () => {
      giveBack();
      element.remove();
    };
  });

  it("drags", () => {
    element.dispatchEvent(pointer("pointerdown", 10, 10));
    element.dispatchEvent(pointer("pointermove", 40, 5));
    element.dispatchEvent(pointer("pointerup", 40, 5));
    element.dispatchEvent(pointer("pointermove", 90, 5));
    expect(target.panBy.mock.calls).toEqual([[{ x: 30, y: -5 }]]);
  });

  it("takes a trembling click for a click", () => {
    element.dispatchEvent(pointer("pointerdown", 10, 10));
    element.dispatchEvent(pointer("pointermove", 11, 10));
    element.dispatchEvent(pointer("pointerup", 11, 10));
    expect(target.panBy).not.toHaveBeenCalled();
  });

  it("pinches around the middle of two fingers", () => {
    element.dispatchEvent(pointer("pointerdown", 100, 100, 1, "touch"));
    element.dispatchEvent(pointer("pointerdown", 200, 100, 2, "touch"));
    element.dispatchEvent(pointer("pointermove", 300, 100, 2, "touch"));
    expect(target.zoomBy).toHaveBeenCalledWith(2, { x: 200, y: 100 });
    expect(target.panBy).toHaveBeenCalledWith({ x: 50, y: 0 });
  });

  it("zooms by the wheel and moves by a sideways one", () => {
    element.dispatchEvent(new WheelEvent("wheel", { deltaY: -100, clientX: 5, clientY: 6, cancelable: true }));
    expect(target.zoomBy.mock.calls[0]![0]).toBeGreaterThan(1);
    expect(target.zoomBy.mock.calls[0]![1]).toEqual({ x: 5, y: 6 });
    element.dispatchEvent(new WheelEvent("wheel", { deltaX: 30, deltaY: 2, cancelable: true }));
    expect(target.panBy).toHaveBeenCalledWith({ x: -30, y: 0 });
  });

  it("moves by arrow keys only when there is something to move to", () => {
    const right = () => {
      const event = new KeyboardEvent("keydown", { key: "ArrowRight", cancelable: true, bubbles: true });
      element.dispatchEvent(event);
      return event;
    };
    expect(right().defaultPrevented).toBe(true);
    expect(target.panBy).toHaveBeenCalledWith({ x: -80, y: 0 });
    target.canPan = false;
    expect(right().defaultPrevented).toBe(false);
    target.canPan = true;
  });
});
