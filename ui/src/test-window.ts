/** What tests of the window share: a window over the in-memory studio, with a service behind it or none, and what a person does with it. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { expect, vi } from "vitest";

import App from "./App.svelte";
import { FakeService } from "./platform/fake/service";
import { serviceScene } from "./platform/fake/service-scenes";
import { FakeStudio } from "./platform/fake/studio";

export const user = userEvent.setup({ delay: null });

/** jsdom has no canvas; what is drawn is tested with the viewer itself. */
export function withoutPictures(): void {
  HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext;
  HTMLImageElement.prototype.decode = () => Promise.resolve();
}

export async function open(fake: FakeStudio): Promise<FakeStudio> {
  render(App, { host: fake });
  await vi.waitFor(() => expect(document.querySelector("main")).not.toBeNull());
  return fake;
}

/** A window with a dozen photos and a service, in one of its scenes. */
export async function openWithService(begin: "signed_in" | "signed_out" = "signed_in", scene = ""): Promise<{ fake: FakeStudio; service: FakeService }> {
  const service = new FakeService({ begin, stageMs: 1 });
  const fake = new FakeStudio({ service });
  for (let index = 24; index < 36; index += 1) fake.put(`/p/P10402${index}.jpg`);
  serviceScene(service, scene);
  await open(fake);
  return { fake, service };
}

/** What a command was asked with, each time. */
export const called = (fake: FakeStudio, name: string) => fake.calls.filter((call) => call.name === name).map((call) => call.request);
export const button = (name: string | RegExp) => screen.getByRole("button", { name });
export const go = (name: string | RegExp) => user.click(within(screen.getByRole("navigation", { name: "Main" })).getByRole("button", { name }));

export async function openCritique(): Promise<void> {
  await go("Critiques");
  await user.click(button(/A calm lake with one clear idea/));
  await screen.findByRole("heading", { name: "The water falls into one tone" });
}

export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    // jsdom lays nothing out: contrast and sizes are for the browser tests. The page's language and title are in index.html.
    rules: { "color-contrast": { enabled: false }, "target-size": { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`)).toEqual([]);
}
