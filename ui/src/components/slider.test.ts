import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { afterKey, atPointer, typed } from "./slider";
import Slider from "./Slider.svelte";

const range = { min: 0, max: 100, home: 48 };

describe("slider's arithmetic", () => {
  it.each([
    ["ArrowRight", false, 35],
    ["ArrowUp", true, 44],
    ["ArrowLeft", false, 33],
    ["ArrowDown", true, 24],
    ["PageUp", false, 44],
    ["Home", false, 48],
    ["End", false, 100],
    ["a", false, null],
  ])("%s (shift %s) makes 34 %s", (key, shift, expected) => expect(afterKey(34, key, shift, range)).toBe(expected));

  it("stops at the ends", () => {
    expect(afterKey(98, "ArrowRight", true, range)).toBe(100);
    expect(afterKey(3, "ArrowLeft", true, range)).toBe(0);
    expect(afterKey(3, "Home", false, { ...range, home: null })).toBe(0);
    expect(atPointer(-1, range)).toBe(0);
    expect(atPointer(0.344, range)).toBe(34);
    expect(atPointer(7, range)).toBe(100);
  });

  it("goes in small steps without a trace of binary fractions", () => {
    const degrees = { min: -15, max: 15, home: 0, step: 0.1 };
    expect(afterKey(0.2, "ArrowRight", false, degrees)).toBe(0.3);
    expect(afterKey(0.2, "ArrowLeft", true, degrees)).toBe(-0.8);
    expect(atPointer(0.5703, degrees)).toBe(2.1);
    expect(typed("-1,26", degrees)).toBe(-1.3);
  });

  it("reads what is typed", () => {
    expect(typed(" 62 % ", range)).toBe(62);
    expect(typed("7,6", range)).toBe(8);
    expect(typed("1000", range)).toBe(100);
    expect(typed("", range)).toBeNull();
    expect(typed("much", range)).toBeNull();
  });
});

describe("slider", () => {
  const set = () => {
    const oninput = vi.fn();
    const onstart = vi.fn();
    const onend = vi.fn();
    render(Slider, { value: 34, label: "Denoise", auto: 48, oninput, onstart, onend });
    return { oninput, onstart, onend, slider: screen.getByRole("slider", { name: "Denoise" }), field: screen.getByRole("textbox", { name: "Denoise" }) };
  };

  it("says its value and moves by keys", async () => {
    const { slider, oninput, onstart, onend } = set();
    expect(slider.getAttribute("aria-valuenow")).toBe("34");
    slider.focus();
    await userEvent.keyboard("{ArrowRight}{Shift>}{ArrowLeft}{/Shift}{Home}");
    expect(oninput.mock.calls).toEqual([[35], [24], [48]]);
    expect(onstart).toHaveBeenCalledTimes(3);
    expect(onend).toHaveBeenCalledTimes(3);
  });

  it("goes to Auto on a double click", async () => {
    const { slider, oninput } = set();
    await userEvent.dblClick(slider);
    expect(oninput).toHaveBeenLastCalledWith(48);
  });

  it("takes a typed number on Enter and leaves it on Escape", async () => {
    const { field, oninput } = set();
    await userEvent.clear(field);
    await userEvent.type(field, "62{Enter}");
    expect(oninput).toHaveBeenLastCalledWith(62);
    oninput.mockClear();
    await userEvent.clear(field);
    await userEvent.type(field, "7{Escape}");
    field.blur();
    expect(oninput).not.toHaveBeenCalled();
  });
});
