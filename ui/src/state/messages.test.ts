import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Throttle } from "../features/studio/throttle";
import { deviceInUse, deviceToName, relativeSpeed } from "./devices";
import { Messages } from "./messages.svelte";
import { ThemeChoice } from "./theme.svelte";
import { FAKE_DEVICES } from "../platform/fake/studio";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("messages", () => {
  it("go after six seconds, later when pointed at", () => {
    const messages = new Messages();
    const id = messages.say({ kind: "passing", tone: "ok", text: "Done" });
    vi.advanceTimersByTime(5900);
    messages.hold(id);
    vi.advanceTimersByTime(60_000);
    expect(messages.list).toHaveLength(1);
    messages.release(id);
    vi.advanceTimersByTime(6100);
    expect(messages.list).toHaveLength(0);
  });

  it("last until they are closed when they are lasting", () => {
    const messages = new Messages();
    const id = messages.say({ kind: "lasting", tone: "bad", text: "Failed" });
    messages.release(id);
    vi.advanceTimersByTime(600_000);
    expect(messages.list).toHaveLength(1);
    messages.close(id);
    expect(messages.list).toHaveLength(0);
  });

  it("give way to newer news of the same thing", () => {
    const messages = new Messages();
    messages.say({ kind: "lasting", tone: "bad", text: "Failed" });
    messages.say({ kind: "passing", tone: "info", text: "2 in the queue", about: "pro jobs" });
    messages.say({ kind: "passing", tone: "ok", text: "Something else" });
    messages.say({ kind: "passing", tone: "ok", text: "1 is done", about: "pro jobs" });
    expect(messages.list.map((message) => message.text)).toEqual(["Failed", "Something else", "1 is done"]);
  });

  it("say the same thing once", () => {
    const messages = new Messages();
    messages.say({ kind: "lasting", tone: "bad", text: "Failed" });
    messages.say({ kind: "lasting", tone: "bad", text: "Failed" });
    expect(messages.list).toHaveLength(1);
  });
});

describe("throttle", () => {
  it("passes the first at once and the newest after that", () => {
    const said: number[] = [];
    const throttle = new Throttle<number>(5000, (value) => said.push(value));
    for (let value = 0; value < 100; value += 1) {
      throttle.say(value);
      vi.advanceTimersByTime(100);
    }
    expect(said[0]).toBe(0);
    expect(said.length).toBeLessThanOrEqual(3);
    vi.advanceTimersByTime(5000);
    expect(said.at(-1)).toBe(99);
    throttle.say(100);
    throttle.say(101);
    throttle.cancel();
    vi.advanceTimersByTime(50_000);
    expect(said.at(-1)).toBe(100);
  });
});

describe("theme", () => {
  it("follows the system until one is chosen, and remembers the choice", () => {
    localStorage.clear();
    const theme = new ThemeChoice();
    expect(theme.chosen).toBe("system");
    expect(document.documentElement.dataset["theme"]).toBe("light");
    theme.choose("dark");
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    expect(new ThemeChoice().chosen).toBe("dark");
    theme.choose("system");
    expect(localStorage.getItem("theme")).toBeNull();
  });
});

describe("devices", () => {
  const settings = { device: null as string | null, export: { format: null, quality: 92, folder: null, collision: "rename" as const } };

  it("takes the chosen one only when it is verified", () => {
    expect(deviceInUse(FAKE_DEVICES, settings)?.id).toBe("cuda");
    expect(deviceInUse(FAKE_DEVICES, { ...settings, device: "cpu" })?.id).toBe("cpu");
    expect(deviceInUse(FAKE_DEVICES, { ...settings, device: "webgpu" })?.id).toBe("cuda");
    expect(deviceInUse([], settings)).toBeNull();
  });

  it("names one that is being checked while none is verified", () => {
    const checking = FAKE_DEVICES.map((device) => ({ ...device, trust: { kind: "checking" as const } }));
    expect(deviceInUse(checking, settings)).toBeNull();
    expect(deviceToName(checking, settings)?.id).toBe("cuda");
  });

  it("compares speeds with the fastest", () => {
    expect(relativeSpeed(FAKE_DEVICES[0]!, FAKE_DEVICES)).toBe(1);
    expect(relativeSpeed(FAKE_DEVICES[1]!, FAKE_DEVICES)).toBeCloseTo(0.04 / 0.61);
    expect(relativeSpeed(FAKE_DEVICES[2]!, FAKE_DEVICES)).toBeNull();
  });
});
