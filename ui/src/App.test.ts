/** The window as a person meets it, over the in-memory studio. */
import { fireEvent, screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { fakeResult, FakeStudio } from "./platform/fake/studio";
import { called, expectAccessible, open, user, withoutPictures } from "./test-window";

const strip = () => screen.getByRole("listbox");
const options = () => within(strip()).getAllByRole("option");
const selected = () => options().filter((option) => option.getAttribute("aria-selected") === "true").map((option) => option.getAttribute("aria-label"));
const main = () => document.querySelector<HTMLButtonElement>('[data-area="main"] .primary')!;

beforeEach(withoutPictures);

describe("empty window", () => {
  it("offers to choose and to try the sample", async () => {
    const fake = await open(new FakeStudio({ choosePhotos: () => ["/p/a.jpg"] }));
    screen.getByRole("heading", { name: "Drop photos here" });
    await user.click(screen.getByRole("button", { name: "Choose photos" }));
    await vi.waitFor(() => expect(called(fake, "add_photos")).toEqual([{ paths: ["/p/a.jpg"] }]));
    await vi.waitFor(() => expect(options()).toHaveLength(1));
  });

  it("says why nothing can be enhanced here", async () => {
    await open(new FakeStudio({ trouble: { code: "runtime_unavailable", message: "ONNX Runtime cannot be loaded.", retryable: false } }));
    expect(screen.getByRole("alert").textContent).toContain("ONNX Runtime cannot be loaded.");
  });

  it("takes what is dropped, after saying what would be dropped", async () => {
    const fake = await open(new FakeStudio());
    fake.drop({ kind: "over", paths: ["/p/a.jpg", "/p/b.png"] });
    await screen.findByText("Drop 2 photos");
    fake.drop({ kind: "drop", paths: ["/p/a.jpg", "/p/b.png"] });
    await vi.waitFor(() => expect(options()).toHaveLength(2));
    expect(screen.queryByText("Drop 2 photos")).toBeNull();
  });
});

describe("studio", () => {
  let fake: FakeStudio;
  beforeEach(async () => {
    fake = new FakeStudio();
    for (const name of ["a", "b", "c", "d"]) fake.put(`/p/${name}.jpg`);
    await open(fake);
  });

  it("shows the first photo and what Auto found in it", () => {
    screen.getByRole("heading", { name: "a.jpg" });
    screen.getByText("Found low light, noise and soft detail.");
    expect(selected()).toEqual(["a.jpg: New"]);
  });

  it("picks by click, Ctrl, Shift and keys", async () => {
    await user.click(options()[1]!);
    expect(selected()).toEqual(["b.jpg: New"]);
    await user.keyboard("{Control>}");
    await user.click(options()[3]!);
    await user.keyboard("{/Control}");
    expect(selected()).toEqual(["b.jpg: New", "d.jpg: New"]);
    expect(main().textContent).toContain("Enhance 2 selected");
    strip().focus();
    await user.keyboard("{Home}");
    expect(selected()).toEqual(["a.jpg: New"]);
    await user.keyboard("{Shift>}{ArrowRight}{ArrowRight}{/Shift}");
    expect(selected()).toHaveLength(3);
    await user.keyboard("{Control>}a{/Control}");
    expect(selected()).toHaveLength(4);
  });

  it("takes photos off the list and goes on to the neighbour", async () => {
    await user.click(options()[1]!);
    await user.keyboard("{Delete}");
    await vi.waitFor(() => expect(options()).toHaveLength(3));
    expect(selected()).toEqual(["c.jpg: New"]);
    expect(called(fake, "remove_photos")).toHaveLength(1);
  });

  it("has a menu on each photo", async () => {
    await user.pointer({ keys: "[MouseRight]", target: options()[2]! });
    const menu = await screen.findByRole("menu");
    expect(selected()).toEqual(["c.jpg: New"]);
    await user.click(within(menu).getByRole("menuitem", { name: /^Enhance/ }));
    expect(called(fake, "enhance")).toEqual([{ photos: [3], export: null }]);
    expect(screen.queryByRole("menu")).toBeNull();
    await user.pointer({ keys: "[MouseRight]", target: options()[0]! });
    await screen.findByRole("menu");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(strip());
  });

  it("turns a knob for every picked photo, and undoes it", async () => {
    await user.keyboard("{Control>}a{/Control}");
    const denoise = screen.getByRole("slider", { name: "Denoise, strength" });
    denoise.focus();
    await user.keyboard("{ArrowLeft}");
    expect(denoise.getAttribute("aria-valuenow")).toBe("47");
    const request = called(fake, "set_recipe").at(-1) as { photos: number[]; recipe: { steps: unknown[] } };
    expect(request.photos).toHaveLength(4);
    expect(request.recipe.steps[0]).toMatchObject({ step: "restore", denoise: 0.47, detail: 0.3 });
    await user.keyboard("{Control>}z{/Control}");
    expect(denoise.getAttribute("aria-valuenow")).toBe("48");
    await user.click(screen.getByRole("button", { name: "Redo" }));
    expect(denoise.getAttribute("aria-valuenow")).toBe("47");
  });

  it("switches steps off and on again to where they were", async () => {
    const detail = screen.getByRole("switch", { name: "Detail" });
    await user.click(detail);
    expect(screen.getByRole("slider", { name: "Detail, strength" }).getAttribute("aria-valuenow")).toBe("0");
    expect(detail.getAttribute("aria-checked")).toBe("false");
    await user.click(detail);
    expect(screen.getByRole("slider", { name: "Detail, strength" }).getAttribute("aria-valuenow")).toBe("30");
    const upscale = screen.getByRole("switch", { name: "Upscale" });
    screen.getByText("stays 6048 × 4032");
    await user.click(upscale);
    screen.getByText("12096 × 8064");
    await user.click(screen.getByRole("radio", { name: "4×" }));
    screen.getByText("24192 × 16128");
  });

  it("applies presets from a menu that works by keys", async () => {
    const presets = screen.getByRole("button", { name: "Presets" });
    presets.focus();
    await user.keyboard("{ArrowDown}");
    const menu = await screen.findByRole("menu");
    expect(within(menu).getByRole("menuitemradio", { name: "Auto" }).getAttribute("aria-checked")).toBe("true");
    await user.keyboard("enl{Enter}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(presets);
    expect(called(fake, "set_recipe").at(-1)).toMatchObject({ recipe: { steps: [{ step: "upscale", scale: 2 }] } });
  });

  it("says how many and how long, does it, and can be stopped", async () => {
    await vi.waitFor(() => expect(main().textContent?.trim()).toBe("Enhance all 4 · about 1 min 10 s"));
    screen.getByRole("button", { name: "Only this photo · 18 s" });
    await user.keyboard("{Control>}{Enter}{/Control}");
    await vi.waitFor(() => expect(main().getAttribute("aria-busy")).toBe("true"));
    expect(called(fake, "enhance")).toEqual([{ photos: [1, 2, 3, 4], export: null }]);
    await user.click(screen.getByRole("button", { name: "Stop all" }));
    await vi.waitFor(() => expect(main().getAttribute("aria-busy")).toBe("false"));
    expect(selected()).toEqual(["a.jpg: New"]);
  });

  it("puts a failure on the photo, with a way out", async () => {
    fake.change(1, { state: { kind: "failed", problem: { code: "target_read_only", message: "The folder /p may not be written to.", retryable: true } } });
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The folder /p may not be written to.");
    within(alert).getByRole("button", { name: "Choose a folder…" });
    expect(options()[0]!.textContent).toContain("Folder is locked");
    await user.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(called(fake, "enhance")).toEqual([{ photos: [1], export: null }]);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("says in passing what is done, and lastingly what is not", async () => {
    const queue = { open: 2, closed: 0, progress: 0, seconds_left: null };
    fake.emit({ event: "queue", data: queue });
    fake.change(1, { state: { kind: "working", progress: 0.5, seconds_left: 1 } });
    fake.change(2, { state: { kind: "working", progress: 0.5, seconds_left: 1 } });
    fake.change(1, { state: { kind: "done", result: fakeResult(fake.photos.get(1)!, 2) } });
    fake.change(2, { state: { kind: "failed", problem: { code: "file_damaged", message: "It ends early.", retryable: false } } });
    fake.emit({ event: "queue", data: { ...queue, open: 0, closed: 2, progress: 1 } });
    await screen.findByText("1 photo enhanced");
    await user.click(screen.getByRole("button", { name: "Show failed" }));
    await vi.waitFor(() => expect(options()).toHaveLength(1));
    screen.getByRole("heading", { name: "b.jpg" });
  });

  it("lets messages not pile up: two are there, the others are a press away", async () => {
    const scanned = { added: 0, known: 0, passed_over: 0 };
    for (const name of ["w", "x", "y", "z"]) {
      fake.emit({ event: "scanned", data: { ...scanned, problems: [{ code: "file_missing", message: `There is no ${name}.jpg.`, retryable: false }] } });
    }
    await screen.findByText("There is no z.jpg.");
    screen.getByText("There is no y.jpg.");
    expect(screen.queryByText("There is no x.jpg.")).toBeNull();
    await user.click(screen.getByRole("button", { name: "2 more messages" }));
    for (const name of ["w", "x", "y", "z"]) screen.getByText(`There is no ${name}.jpg.`);
    await user.click(screen.getAllByRole("button", { name: "Close" })[0]!);
    expect(screen.queryByText("There is no z.jpg.")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Fewer messages" }));
    screen.getByText("There is no x.jpg.");
    expect(screen.queryByText("There is no w.jpg.")).toBeNull();
    await user.click(screen.getAllByRole("button", { name: "Close" })[0]!);
    screen.getByText("There is no w.jpg.");
    expect(screen.queryByRole("button", { name: /more message/ })).toBeNull();
  });

  it("filters", async () => {
    fake.change(3, { state: { kind: "done", result: fakeResult(fake.photos.get(3)!, 18) } });
    await user.click(screen.getByRole("radio", { name: /^Done/ }));
    expect(options().map((option) => option.textContent?.trim())).toEqual(["Done · 18 s"]);
    screen.getByRole("heading", { name: "c.jpg" });
  });

  describe("the original", () => {
    const shown = () => screen.getByRole("button", { name: "Hold to see the original" }).getAttribute("aria-pressed") === "true";

    it("is seen while its key is held, whatever that key is called when it comes up", async () => {
      // A German keyboard: AltGr and ß make the sign. AltGr is let go first, and then a plain ß.
      await fireEvent.keyDown(window, { key: "\\", code: "Minus", ctrlKey: true, altKey: true, modifierAltGraph: true });
      expect(shown()).toBe(true);
      await fireEvent.keyUp(window, { key: "AltGraph", code: "AltRight" });
      expect(shown()).toBe(true);
      await fireEvent.keyUp(window, { key: "ß", code: "Minus" });
      expect(shown()).toBe(false);
    });

    it("is seen while the button is held, and not after", async () => {
      const button = screen.getByRole("button", { name: "Hold to see the original" });
      await user.pointer({ keys: "[MouseLeft>]", target: button });
      expect(shown()).toBe(true);
      await user.pointer({ keys: "[/MouseLeft]" });
      expect(shown()).toBe(false);
      button.focus();
      await user.keyboard("{ >}");
      expect(shown()).toBe(true);
      await user.keyboard("{/ }");
      expect(shown()).toBe(false);
    });

    it("goes when the window or the view is left while it is held", async () => {
      await fireEvent.keyDown(window, { key: "\\", code: "Backslash" });
      expect(shown()).toBe(true);
      await fireEvent.blur(window);
      expect(shown()).toBe(false);
      const button = screen.getByRole("button", { name: "Hold to see the original" });
      button.focus();
      await user.keyboard("{ >}");
      await user.click(screen.getByRole("button", { name: /^Queue/ }));
      await user.keyboard("{/ }");
      await user.click(screen.getByRole("button", { name: "Studio" }));
      expect(shown()).toBe(false);
    });
  });

  it("keeps what Export is set to", async () => {
    await user.click(screen.getByRole("button", { name: /^Export/ }));
    await user.click(screen.getByRole("button", { name: /^Format/ }));
    await user.click(await screen.findByRole("menuitemradio", { name: "PNG" }));
    expect(fake.settings.export.format).toBe("png");
    screen.getByText("PNG · beside the original");
    expect(screen.queryByRole("slider", { name: "Quality" })).toBeNull();
  });

  it("goes everywhere by keys", async () => {
    await user.keyboard("2");
    screen.getByRole("heading", { name: "Queue" });
    await user.keyboard("3");
    screen.getByRole("heading", { name: "Devices" });
    await user.keyboard("1");
    await user.keyboard("?");
    await vi.waitFor(() => screen.getByRole("dialog", { name: "Keys" }));
    await user.click(screen.getByRole("button", { name: "Close" }));
    const areas: (string | undefined)[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      await user.keyboard("{F6}");
      areas.push(document.activeElement?.closest<HTMLElement>("[data-area]")?.dataset["area"]);
    }
    expect(new Set(areas).size).toBe(6);
  });
});

describe("accessibility", () => {
  it("has nothing to find in the empty window", async () => {
    await open(new FakeStudio());
    await expectAccessible();
  });

  it.each(["1", "2", "3"])("has nothing to find on page %s", async (page) => {
    const fake = new FakeStudio();
    fake.put("/p/a.jpg");
    fake.put("/p/b.jpg", { state: { kind: "working", progress: 0.4, seconds_left: 8 } });
    fake.put("/p/c.jpg", { state: { kind: "waiting", position: 1 } });
    fake.put("/p/d.jpg", { state: { kind: "failed", problem: { code: "file_damaged", message: "It ends early.", retryable: false } } });
    fake.put("/p/e.jpg", { state: { kind: "done", result: fakeResult(fake.photos.get(1)!, 18) } });
    await open(fake);
    if (page === "1") await user.click(screen.getByRole("button", { name: /^Export/ }));
    await user.keyboard(page);
    await expectAccessible();
  });
});
