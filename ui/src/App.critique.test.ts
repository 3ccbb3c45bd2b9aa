/** Critiques and comparisons from a person's side, on the fake service. */
import { screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { COMPARISON } from "./platform/fake/service-data";
import { button, called, go, openCritique, openWithService, user, withoutPictures } from "./test-window";

beforeEach(withoutPictures);

describe("critique", () => {
  it("is walked through by keys", async () => {
    await openWithService();
    await openCritique();
    const chosen = () => screen.getAllByRole("listitem").find((item) => item.getAttribute("aria-current") === "true")?.querySelector("h3")?.textContent;
    await user.keyboard("3");
    expect(chosen()).toBe("The water falls into one tone");
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(chosen()).toBe("Nobody on the water");
    await user.keyboard("{ArrowUp}");
    expect(chosen()).toBe("The far shore is just short of sharp");
    await user.keyboard("9");
    expect(chosen()).toBe("The far shore is just short of sharp");
    await user.click(screen.getByRole("radio", { name: /^Light/ }));
    expect(chosen()).toBeUndefined();
    await user.keyboard("1");
    expect(chosen()).toBe("A bright patch at the left edge");
  });

  it("tries a suggestion on the photo, and takes it back", async () => {
    const { fake } = await openWithService();
    const before = fake.photos.get(7)!.recipe;
    await openCritique();
    await user.click(button("Try it: The water falls into one tone"));
    await screen.findByText("Free, on this computer");
    expect(called(fake, "try_suggestion")).toEqual([{ id: "c1", suggestion: 2 }]);
    expect(fake.photos.get(7)!.recipe).not.toEqual(before);
    await user.click(button("Take back"));
    await vi.waitFor(() => expect(fake.photos.get(7)!.recipe).toEqual(before));
    expect(fake.photos.get(7)!.auto).toBe(true);
  });

  it("turns and cuts the photo as suggested, each keeping what the other did, and lets both be undone", async () => {
    const { fake } = await openWithService();
    const before = fake.photos.get(7)!.recipe;
    await openCritique();
    await user.click(button("Try it: A bright patch at the left edge"));
    await user.click(await screen.findByRole("button", { name: "Keep in the recipe" }));
    expect(fake.photos.get(7)!.recipe.steps[0]).toMatchObject({ step: "crop", degrees: 0, x: 0.075, width: 0.86 });
    await user.click(button("Try it: The right edge is cut through a hill"));
    await user.click(await screen.findByRole("button", { name: "Open in the studio" }));
    expect(screen.getByRole("slider", { name: /^Turn/ }).getAttribute("aria-valuenow")).toBe("1.2");
    screen.getByText("Keeps 86 % of the width, 92 % of the height");
    expect(fake.photos.get(7)!.auto).toBe(true);
    await user.click(button("Undo"));
    expect(screen.getByRole("slider", { name: /^Turn/ }).getAttribute("aria-valuenow")).toBe("0");
    screen.getByText("Keeps 86 % of the width, 92 % of the height");
    await user.click(button("Undo"));
    await vi.waitFor(() => expect(fake.photos.get(7)!.recipe).toEqual(before));
    expect((button("Undo") as HTMLButtonElement).disabled).toBe(true);
  });

  it.each([
    ["Back is pressed", () => user.click(button("Back to critiques"))],
    ["another page is shown", () => go("Queue")],
  ])("keeps nothing of what is tried when %s", async (_, leave) => {
    const { fake } = await openWithService();
    const before = fake.photos.get(7)!.recipe;
    await openCritique();
    await user.click(button("Try it: The water falls into one tone"));
    await screen.findByText("Free, on this computer");
    await leave();
    await vi.waitFor(() => expect(fake.photos.get(7)!.recipe).toEqual(before));
    expect(fake.photos.get(7)!.auto).toBe(true);
    await go("Studio");
    await user.keyboard("{ArrowRight>6/}");
    screen.getByText(/P1040230/);
    // There is nothing to undo, and nothing to come upon by undoing.
    expect((button("Undo") as HTMLButtonElement).disabled).toBe(true);
  });

  it("tries one thing at a time, and takes back what comes when nobody waits for it any more", async () => {
    const { fake } = await openWithService();
    const before = fake.photos.get(7)!.recipe;
    await openCritique();
    const call = fake.call.bind(fake);
    const late: (() => void)[] = [];
    vi.spyOn(fake, "call").mockImplementation(async (name, request) => {
      if (name === "try_suggestion") await new Promise<void>((go) => late.push(go));
      return call(name, request);
    });
    await user.click(button("Try it: The water falls into one tone"));
    await user.click(button("Try it: A bright patch at the left edge"));
    expect(late).toHaveLength(1);
    await user.click(button("Back to critiques"));
    late[0]!();
    await vi.waitFor(() => expect(called(fake, "set_recipe").length + called(fake, "use_auto").length).toBe(1));
    expect(fake.photos.get(7)!.recipe).toEqual(before);
    expect(document.querySelector(".trial")).toBeNull();
  });

  it("has the focus again where the trial was begun", async () => {
    await openWithService();
    await openCritique();
    const attempt = button("Try it: The water falls into one tone");
    for (const end of ["Take back", "Keep in the recipe"]) {
      await user.click(attempt);
      await user.click(await screen.findByRole("button", { name: end }));
      await vi.waitFor(() => expect(document.querySelector(".trial")).toBeNull());
      expect(document.activeElement).toBe(attempt);
    }
  });

  it("offers what can be tried as photos come and go", async () => {
    const { fake, service } = await openWithService();
    await openCritique();
    await fake.call("remove_photos", { photos: [7] });
    await vi.waitFor(() => expect(screen.queryByRole("button", { name: "Try it: The water falls into one tone" })).toBeNull());
    // What could be cut can be drawn over the copy still.
    await user.click(button("Try it: A bright patch at the left edge"));
    await screen.findByText("Crop the left edge away.", { selector: ".trial p" });
    expect(called(fake, "try_suggestion")).toHaveLength(0);
    await user.keyboard("{Escape}");
    const again = fake.put("/p/P1040230.jpg");
    service.critiques = service.critiques.map((line) => (line.id === "c1" ? { ...line, photo: again.id } : line));
    fake.emit({ event: "critiques", data: service.critiques });
    await user.click(await screen.findByRole("button", { name: "Try it: The water falls into one tone" }));
    await screen.findByText("Free, on this computer");
    expect(called(fake, "try_suggestion")).toHaveLength(1);
  });

  it("takes a cut back, too", async () => {
    const { fake } = await openWithService();
    const before = fake.photos.get(7)!.recipe;
    await openCritique();
    await user.click(button("Try it: A bright patch at the left edge"));
    await user.click(await screen.findByRole("button", { name: "Take back" }));
    await vi.waitFor(() => expect(fake.photos.get(7)!.recipe).toEqual(before));
    expect(fake.photos.get(7)!.auto).toBe(true);
  });

  it("draws what could be cut over the picture where the photo is not here, and changes nothing", async () => {
    const { fake, service } = await openWithService();
    service.critiques = service.critiques.map((line) => (line.id === "c1" ? { ...line, photo: null } : line));
    fake.emit({ event: "critiques", data: service.critiques });
    await openCritique();
    await user.click(button("Try it: A bright patch at the left edge"));
    await screen.findByText("Crop the left edge away.", { selector: ".trial p" });
    await user.keyboard("{Escape}");
    expect(document.querySelector(".trial")).toBeNull();
    expect(called(fake, "try_suggestion")).toHaveLength(0);
  });

  it("says what has changed since the version before", async () => {
    await openWithService();
    await openCritique();
    await screen.findByRole("heading", { name: "Since the previous version" });
    screen.getByText("Light: the sky reads clean, whites hold detail · Colour: the cast is gone");
  });

  it("is exported, done again and deleted from here", async () => {
    const { fake } = await openWithService();
    await openCritique();
    const choose = async (name: string | RegExp) => {
      await user.click(button("Export"));
      await user.click(await screen.findByRole("menuitem", { name }));
    };
    await choose("Export as PDF…");
    await screen.findByText("Saved as /home/mara/P1040231-critique.pdf");
    expect(called(fake, "export_critique")).toEqual([{ id: "c1", format: "pdf", path: "/home/mara/P1040231-critique.pdf" }]);
    await choose("Critique again");
    await user.click(await screen.findByRole("button", { name: "Send for 1 credit" }));
    expect(called(fake, "submit_pro_jobs")).toEqual([expect.objectContaining({ photos: [7], options: { previous: "c1" } })]);
    await choose("Delete from the service…");
    expect(called(fake, "delete_critique")).toHaveLength(0);
    await user.click(button("Delete now"));
    await screen.findByText("Deleted from the service");
    expect(called(fake, "delete_critique")).toEqual([{ id: "c1" }]);
  });

  it("compares two photos, as the service counts them: the first is 0", async () => {
    const { fake } = await openWithService();
    expect(COMPARISON.stronger).toBe(0);
    await go("Critiques");
    await user.click(button(/Both show the same evening/));
    await screen.findByRole("heading", { name: "The first is the stronger photo" });
    const rows = within(screen.getByRole("table")).getAllByRole("row").slice(1);
    expect(rows.map((row) => within(row).getAllByRole("cell")[0]!.textContent)).toEqual(["First", "First", "Even", "Second"]);
    const figures = screen.getAllByRole("figure").map((figure) => figure.textContent?.trim());
    expect(figures).toEqual(["First Stronger", "Second"]);
    await user.click(button("Export"));
    await user.click(await screen.findByRole("menuitem", { name: "Export as Markdown…" }));
    await screen.findByText(/^Saved as .*-comparison\.md$/);
    expect(called(fake, "export_critique")).toEqual([expect.objectContaining({ id: "x1", format: "markdown" })]);
  });
});
