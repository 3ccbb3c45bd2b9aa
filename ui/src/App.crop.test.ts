/** Drawing a crop as a person meets it, over the in-memory studio. */
import { fireEvent, screen, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeStudio } from "./platform/fake/studio";
import { called, expectAccessible, open, user, withoutPictures } from "./test-window";

const options = () => within(screen.getByRole("listbox")).getAllByRole("option");
const tool = () => screen.queryByRole("group", { name: "Crop" });
const inside = () => screen.getByRole("button", { name: /^Kept part/ });
const edge = (name: string) => screen.getByRole("slider", { name });
const crop = (fake: FakeStudio, photo = 1) => fake.photos.get(photo)!.recipe.steps.find((step) => step.step === "crop");
const close = (value: number) => expect.closeTo(value, 3) as number;

/** The tool is there once the viewer has been drawn anew. */
async function begin() {
  await user.keyboard("r");
  await vi.waitFor(() => expect(tool()).not.toBeNull());
}

describe("the crop tool", () => {
  let fake: FakeStudio;
  beforeEach(async () => {
    withoutPictures();
    // jsdom lays nothing out; the viewer has to have a size to show anything in.
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(900);
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(700);
    fake = new FakeStudio();
    for (const name of ["a", "b", "c"]) fake.put(`/p/${name}.jpg`);
    await open(fake);
    await screen.findByRole("slider", { name: "Before and after" });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("is opened by R, shows nothing but the photo and what is kept, and ends by R", async () => {
    await begin();
    expect(document.activeElement).toBe(inside());
    expect(screen.getByRole("button", { name: "Crop" }).getAttribute("aria-pressed")).toBe("true");
    expect(screen.queryByRole("slider", { name: "Before and after" })).toBeNull();
    for (const name of ["Zoom in", "Fit"]) expect(screen.queryByRole("button", { name })).toBeNull();
    await user.keyboard("r");
    expect(tool()).toBeNull();
    await screen.findByRole("slider", { name: "Before and after" });
    screen.getByRole("button", { name: "Zoom in" });
    expect(crop(fake)).toBeUndefined();
  });

  it("is opened by its button, which has the focus again afterwards", async () => {
    await user.click(screen.getByRole("button", { name: "Crop" }));
    await vi.waitFor(() => expect(document.activeElement).toBe(inside()));
    await user.keyboard("{Enter}");
    expect(tool()).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Crop" }));
  });

  it("moves edges and the whole by arrow keys, and Enter keeps it", async () => {
    await begin();
    edge("Right edge").focus();
    await user.keyboard("{Shift>}{ArrowLeft}{ArrowLeft}{/Shift}{ArrowRight}");
    expect(edge("Right edge").getAttribute("aria-valuenow")).toBe("90.5");
    expect(called(fake, "use_auto").at(-1)).toEqual({ photos: [1], crop: { step: "crop", degrees: 0, x: 0, y: 0, width: close(0.905), height: 1 } });
    edge("Lower edge").focus();
    // An arrow that says nothing to this edge does not lead to another photo.
    await user.keyboard("{Shift>}{ArrowUp}{/Shift}{ArrowLeft}");
    inside().focus();
    await user.keyboard("{ArrowRight}{ArrowDown}{Enter}");
    expect(tool()).toBeNull();
    expect(crop(fake)).toMatchObject({ x: close(0.005), y: close(0.005), width: close(0.905), height: close(0.95) });
    expect(document.activeElement).toBe(document.querySelector("canvas"));
    screen.getByText("stays 5474 × 3831");
  });

  it("gives up by Escape: everything is as it was", async () => {
    fake.change(1, { recipe: { version: 1, steps: [{ step: "crop", degrees: 2, x: 0.1, y: 0.1, width: 0.5, height: 0.5 }] }, auto: false });
    await begin();
    await user.keyboard("{Shift>}{ArrowRight}{/Shift}");
    screen.getByRole("slider", { name: /^Turn/ }).focus();
    await user.keyboard("{ArrowRight}");
    expect(crop(fake)).toMatchObject({ degrees: close(2.1), x: close(0.15) });
    await user.keyboard("{Escape}");
    expect(tool()).toBeNull();
    expect(crop(fake)).toEqual({ step: "crop", degrees: 2, x: 0.1, y: 0.1, width: 0.5, height: 0.5 });
  });

  it("brings what is kept into a shape, which X turns", async () => {
    await begin();
    await user.click(screen.getByRole("button", { name: "Shape: Any shape" }));
    await user.click(await screen.findByRole("menuitemradio", { name: "1:1" }));
    expect(crop(fake)).toMatchObject({ x: close(1 / 6), y: 0, width: close(2 / 3), height: 1 });
    expect((screen.getByRole("button", { name: "Turn the shape" }) as HTMLButtonElement).disabled).toBe(true);
    await user.click(screen.getByRole("button", { name: "Shape: 1:1" }));
    await user.click(await screen.findByRole("menuitemradio", { name: "3:2" }));
    const lying = crop(fake) as { width: number; height: number };
    expect(lying.width).toBeCloseTo(lying.height, 3);
    await user.keyboard("x");
    const standing = crop(fake) as { width: number; height: number };
    expect((standing.width * 6048) / (standing.height * 4032)).toBeCloseTo(2 / 3, 2);
    await user.click(within(tool()!).getByRole("button", { name: "Keep all" }));
    expect(crop(fake)).toBeUndefined();
  });

  it("leaves Enter to a button that has the focus", async () => {
    await begin();
    await user.keyboard("{ArrowUp}");
    edge("Left edge").focus();
    await user.keyboard("{ArrowRight}");
    screen.getByRole("button", { name: "Cancel" }).focus();
    await user.keyboard("{Enter}");
    expect(tool()).toBeNull();
    expect(crop(fake)).toBeUndefined();
  });

  it("keeps the whole photo in view and on the list, whatever is pressed", async () => {
    await begin();
    const width = inside().parentElement!.parentElement!.style.width;
    await user.keyboard("z+f={Delete}");
    await new Promise((done) => setTimeout(done, 50));
    expect(inside().parentElement!.parentElement!.style.width).toBe(width);
    expect(called(fake, "remove_photos")).toEqual([]);
    expect(options()).toHaveLength(3);
  });

  it("changes the photo that is seen, however many are picked", async () => {
    await user.keyboard("{Control>}a{/Control}");
    await begin();
    edge("Left edge").focus();
    await user.keyboard("{ArrowRight}");
    screen.getByRole("slider", { name: /^Turn/ }).focus();
    await user.keyboard("{ArrowRight}");
    const photo = [1, 2, 3].filter((id) => crop(fake, id) !== undefined);
    expect(photo).toHaveLength(1);
    expect(crop(fake, photo[0])).toMatchObject({ degrees: close(0.1), x: close(0.005) });
    await user.keyboard("{Escape}");
    expect([1, 2, 3].filter((id) => crop(fake, id) !== undefined)).toEqual([]);
  });

  it.each<[string, (fake: FakeStudio) => unknown]>([
    ["another photo is chosen", () => user.click(options()[1]!)],
    ["the photo is taken off the list", (fake) => fake.call("remove_photos", { photos: [1] })],
    ["another page is shown", () => user.keyboard("2")],
    ["the photo turns out to be broken", (fake) => fake.change(1, { state: { kind: "failed", problem: { code: "file_damaged", message: "It ends early.", retryable: false } } })],
  ])("ends when %s, and does not come back by itself", async (_, leave) => {
    await begin();
    await leave(fake);
    await vi.waitFor(() => expect(tool()).toBeNull());
    fake.change(1, { state: { kind: "ready" } });
    await user.keyboard("1");
    await user.click(options()[0]!);
    await screen.findByRole("slider", { name: "Before and after" });
    expect(tool()).toBeNull();
  });

  it("goes on while the photo is being enhanced", async () => {
    await begin();
    fake.change(1, { state: { kind: "working", progress: 0.4, seconds_left: 8 } });
    await user.keyboard("{ArrowRight}");
    expect(tool()).not.toBeNull();
  });

  it("is one edit a stroke of the pointer, and ends a stroke that it is closed in", async () => {
    await begin();
    const frame = inside().parentElement!.parentElement!;
    vi.spyOn(frame, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 800, 400));
    const stroke = (from: [number, number], ...on: [number, number][]) => {
      void fireEvent.pointerDown(frame, { button: 0, pointerId: 1, clientX: from[0], clientY: from[1] });
      for (const [clientX, clientY] of on) void fireEvent.pointerMove(frame, { pointerId: 1, clientX, clientY });
    };
    stroke([80, 40], [81, 40]);
    void fireEvent.pointerUp(frame, { pointerId: 1 });
    expect(called(fake, "use_auto")).toEqual([]);
    stroke([80, 40], [200, 100], [400, 240], [480, 240]);
    void fireEvent.pointerUp(frame, { pointerId: 1 });
    await vi.waitFor(() => expect(crop(fake)).toEqual({ step: "crop", degrees: 0, x: 0.1, y: 0.1, width: close(0.5), height: close(0.5) }));
    expect(document.activeElement).toBe(inside());
    stroke([400, 200], [480, 280], [640, 360]);
    await user.keyboard("{Escape}");
    await vi.waitFor(() => expect(crop(fake)).toBeUndefined());
    await begin();
    await user.keyboard("{ArrowUp}{Enter}{Control>}z{/Control}");
    // The stroke that was given up came to nothing: the one before it is undone.
    await user.keyboard("{Control>}z{/Control}");
    expect(crop(fake)).toBeUndefined();
  });

  it("is on the sheet of keys", async () => {
    await user.keyboard("?");
    const sheet = await screen.findByRole("dialog", { name: "Keys" });
    within(sheet).getByText("Begin or end cropping");
    within(sheet).getByText("Crop: done, cancel");
  });

  it("has nothing for axe to find", async () => {
    await begin();
    await expectAccessible();
  });

  describe("and the panel", () => {
    const part = { x: 0.1, y: 0.1, width: 0.5, height: 0.5 };
    beforeEach(() => {
      fake.change(1, { recipe: { version: 1, steps: [{ step: "crop", degrees: 2, ...part }, { step: "tone", strength: 0.5 }] }, auto: false });
      fake.change(2, { recipe: { version: 1, steps: [{ step: "crop", degrees: 5, ...part, x: 0.4 }] }, auto: false });
    });

    it("leave what a person has framed alone when Auto is switched off", async () => {
      await user.click(screen.getByRole("switch", { name: "Auto" }));
      await user.click(screen.getByRole("switch", { name: "Auto" }));
      expect(fake.photos.get(1)!.recipe.steps).toEqual([{ step: "crop", degrees: 2, ...part }]);
    });

    it("keep all of several photos, each at its own angle, and the focus", async () => {
      await user.keyboard("{Control>}a{/Control}");
      await user.click(screen.getByRole("button", { name: "Keep all" }));
      expect([crop(fake, 1), crop(fake, 2), crop(fake, 3)]).toEqual([
        { step: "crop", degrees: 2, x: 0, y: 0, width: 1, height: 1 },
        { step: "crop", degrees: 5, x: 0, y: 0, width: 1, height: 1 },
        undefined,
      ]);
      expect(screen.queryByRole("button", { name: "Keep all" })).toBeNull();
      expect(document.activeElement).toBe(screen.getByRole("button", { name: "Crop" }));
    });

    it("switch the crops of several photos off, and each one's own on again", async () => {
      const before = [crop(fake, 1), crop(fake, 2)];
      await user.keyboard("{Control>}a{/Control}");
      const own = screen.getByRole("switch", { name: "Straighten & crop" });
      await user.click(own);
      expect([crop(fake, 1), crop(fake, 2), crop(fake, 3)]).toEqual([undefined, undefined, undefined]);
      await user.click(own);
      expect([crop(fake, 1), crop(fake, 2), crop(fake, 3)]).toEqual([...before, undefined]);
    });
  });
});
