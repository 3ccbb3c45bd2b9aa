/** Account, credits, Pro jobs, critiques and privacy from a person's side, on the fake service. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeEach, describe, expect, it, vi } from "vitest";

import App from "./App.svelte";
import { FakeService } from "./platform/fake/service";
import { serviceScene } from "./platform/fake/service-scenes";
import { FakeStudio } from "./platform/fake/studio";

const user = userEvent.setup({ delay: null });

interface Opened {
  fake: FakeStudio;
  service: FakeService;
}

async function open(begin: "signed_in" | "signed_out" = "signed_in", scene = ""): Promise<Opened> {
  const service = new FakeService({ begin, stageMs: 1 });
  const fake = new FakeStudio({ service });
  for (let index = 24; index < 36; index += 1) fake.put(`/p/P10402${index}.jpg`);
  serviceScene(service, scene);
  render(App, { host: fake });
  await vi.waitFor(() => expect(document.querySelector("main")).not.toBeNull());
  return { fake, service };
}

const called = (fake: FakeStudio, name: string) => fake.calls.filter((call) => call.name === name).map((call) => call.request);
const go = (name: string | RegExp) => user.click(within(screen.getByRole("navigation", { name: "Main" })).getByRole("button", { name }));
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const openCritique = async () => {
  await go("Critiques");
  await user.click(button(/A calm lake with one clear idea/));
  await screen.findByRole("heading", { name: "The water falls into one tone" });
};

beforeEach(() => {
  HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext;
  HTMLImageElement.prototype.decode = () => Promise.resolve();
});

describe("a build without a service", () => {
  it("shows nothing of it", async () => {
    const fake = new FakeStudio();
    fake.put("/p/a.jpg");
    render(App, { host: fake });
    await vi.waitFor(() => expect(document.querySelector("main")).not.toBeNull());
    for (const name of ["Account", "Privacy", "Critiques", /^Critique/]) expect(screen.queryByRole("button", { name })).toBeNull();
    await user.keyboard("3");
    screen.getByRole("heading", { name: "Settings" });
  });
});

describe("account", () => {
  it("is signed into through the browser, which can be cancelled", async () => {
    const { fake, service } = await open("signed_out");
    await go("Account");
    screen.getByRole("heading", { name: "The app is whole without an account" });
    await user.click(button("Sign in or sign up"));
    await screen.findByRole("heading", { name: "Waiting for your browser" });
    screen.getByText("5 min left");
    await user.click(button("Cancel"));
    await user.click(await screen.findByRole("button", { name: "Sign in or sign up" }));
    await screen.findByRole("heading", { name: "Waiting for your browser" });
    service.finishSignIn();
    await screen.findByText("mara@example.org");
    expect(called(fake, "sign_in")).toHaveLength(2);
    expect(called(fake, "cancel_sign_in")).toHaveLength(1);
  });

  it("says why nobody is signed in any more", async () => {
    const { service } = await open();
    service.change({ account: { kind: "signed_out", notice: { code: "signed_out", message: "You were signed out on another computer.", retryable: false } } });
    await go("Account");
    screen.getByText("You were signed out on another computer.");
  });

  it("changes the name in place, and not to nothing", async () => {
    const { fake } = await open();
    await go("Account");
    await user.click(button("Change name"));
    const field = screen.getByRole("textbox", { name: "Name" });
    await user.clear(field);
    expect((button("Save") as HTMLButtonElement).disabled).toBe(true);
    await user.type(field, "  Mara L. {Enter}");
    await screen.findByText("Mara L.");
    expect(called(fake, "rename_account")).toEqual([{ name: "Mara L." }]);
    expect(document.activeElement).toBe(button("Change name"));
  });

  it("opens the service's own pages for what the app must not see", async () => {
    const { fake } = await open();
    await go("Account");
    await user.click(button(/^Change, Email/));
    await user.click(button(/^Change, Password/));
    await user.click(button(/^Unlink, Google/));
    await user.click(button("Delete my account…"));
    screen.getByText(/signed out on every computer/);
    await user.click(button("Go on in the browser"));
    expect(called(fake, "open_page")).toEqual([{ page: "email" }, { page: "password" }, { page: "google" }, { page: "delete" }]);
  });

  it("takes a deletion back", async () => {
    const { fake } = await open("signed_in", "deleting");
    await go("Account");
    expect(screen.queryByRole("button", { name: "Delete my account…" })).toBeNull();
    await user.click(button("Keep my account"));
    await vi.waitFor(() => expect(screen.queryByText("This account is being deleted")).toBeNull());
    expect(called(fake, "undo_deletion")).toHaveLength(1);
  });

  it("signs other devices out, and everywhere after asking", async () => {
    const { fake } = await open();
    await go("Account");
    await user.click(button("Sign out Mara’s MacBook Air"));
    expect(called(fake, "sign_out_device")).toEqual([{ id: "d2" }]);
    await vi.waitFor(() => expect(screen.queryByText("Mara’s MacBook Air")).toBeNull());
    await user.click(button("Sign out"));
    await user.click(await screen.findByRole("menuitem", { name: "Sign out everywhere…" }));
    expect(called(fake, "sign_out_everywhere")).toHaveLength(0);
    await user.click(button("Sign out everywhere"));
    expect(called(fake, "sign_out_everywhere")).toHaveLength(1);
    await screen.findByRole("heading", { name: "The app is whole without an account" });
  });

  it("asks for the archive and says where it is saved from", async () => {
    const { fake } = await open();
    await go("Account");
    await user.click(button("Export"));
    await screen.findByText("It is ready. Save it from the page in your browser, once, within seven days.");
    expect(called(fake, "export_account_data")).toHaveLength(1);
  });

  it("asks for a new policy to be read, and takes the yes for that version", async () => {
    const { fake } = await open("signed_in", "policy");
    await go("Account");
    await user.click(button("Read and agree"));
    screen.getByText("privacy@photos.example");
    await user.click(await screen.findByRole("button", { name: "I agree" }));
    expect(called(fake, "accept_policy")).toEqual([{ version: "2" }]);
    await screen.findByText("You have agreed to this version.");
  });
});

describe("credits", () => {
  it("are a ledger that adds up", async () => {
    await open();
    await go("Account");
    await screen.findByText("Critique, P1040231.jpg");
    const rows = within(screen.getByRole("table", { name: "Credit entries" })).getAllByRole("row").slice(1);
    const cells = rows.map((row) => within(row).getAllByRole("cell").slice(3).map((cell) => Number(cell.textContent?.replace("−", "-"))));
    expect(cells[0]).toEqual([-1, 37]);
    expect(rows.length).toBe(6);
    screen.getByRole("img", { name: /last 12 weeks.*This week 1\./ });
  });

  it("are bought in the browser; the app notices by itself that they are paid", async () => {
    const { fake, service } = await open();
    await go("Account");
    await user.click(button("Buy credits"));
    await user.click(await screen.findByRole("button", { name: "50 credits, €11.00" }));
    await screen.findByText("Waiting for the payment of 50 credits");
    expect(called(fake, "buy")).toEqual([{ product: "pack-50" }]);
    window.dispatchEvent(new Event("focus"));
    expect(called(fake, "refresh_account")).toHaveLength(1);
    service.pay(service.online.orders[0]!.id);
    await screen.findByText("50 credits added");
    expect(screen.queryByText("Waiting for the payment of 50 credits")).toBeNull();
    expect(document.querySelector(".balance")?.textContent).toBe("87");
  });

  it("are withdrawn from in two steps, for exactly what was shown", async () => {
    const { fake } = await open();
    await go("Account");
    await user.click(button(/^Withdraw from/));
    expect(called(fake, "confirm_withdrawal")).toHaveLength(0);
    await user.click(await screen.findByRole("button", { name: "Withdraw, €4.25 back" }));
    await screen.findByText(/Withdrawn, paid back/);
    expect(called(fake, "confirm_withdrawal")).toEqual([{ id: "o2", confirm_token: "yes" }]);
  });
});

describe("spending", () => {
  it("shows the price before, and sends exactly that", async () => {
    const { fake } = await open();
    await user.keyboard("{Control>}a{/Control}c");
    await screen.findByText("12 critiques · 12 credits of 37 · sends 12 photos, 1568 px, no location, to Anthropic through our service");
    expect(called(fake, "submit_pro_jobs")).toHaveLength(0);
    await user.click(button("Send for 12 credits"));
    await screen.findByText("12 critiques in the queue");
    expect(called(fake, "submit_pro_jobs")).toEqual([
      expect.objectContaining({ kind: "critique", variant: "standard", each: 1, photos: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], sends: { to: "anthropic", long_edge: 1568, media_type: "image/jpeg" } }),
    ]);
  });

  it("asks once for each company", async () => {
    const { fake, service } = await open();
    const cloud = async () => {
      await user.click(button("Pro jobs"));
      await user.click(await screen.findByRole("menuitem", { name: "Enhance in the cloud…" }));
    };
    await cloud();
    const send = (await screen.findByRole("button", { name: "Send for 2 credits" })) as HTMLButtonElement;
    expect(send.disabled).toBe(true);
    await user.click(screen.getByRole("checkbox", { name: /I agree that copies go to Replicate/ }));
    await user.click(send);
    await vi.waitFor(() => expect(called(fake, "submit_pro_jobs")).toEqual([expect.objectContaining({ agreed: true })]));
    expect(service.online.spending.consents).toContain("replicate");
    await cloud();
    await screen.findByRole("button", { name: "Send for 2 credits" });
    expect(screen.queryByRole("checkbox", { name: /I agree/ })).toBeNull();
  });

  it("asks again when the price has changed", async () => {
    const { fake, service } = await open();
    await user.keyboard("c");
    await screen.findByRole("button", { name: "Send for 1 credit" });
    service.online = { ...service.online, prices: service.online.prices.map((price) => ({ ...price, credits: price.credits * 2 })) };
    service.refuseNext = { code: "price_changed", message: "The price has changed.", retryable: false };
    await user.click(button("Send for 1 credit"));
    await screen.findByText("The price has changed from 1 to 2 credits. Nothing was sent.");
    expect(service.jobs).toHaveLength(0);
    await user.click(button("Send for 2 credits"));
    await vi.waitFor(() => expect(service.jobs).toHaveLength(1));
    expect(called(fake, "submit_pro_jobs").at(-1)).toMatchObject({ each: 2 });
  });

  it("leads to packs when there are too few credits, and sends nothing", async () => {
    const { fake } = await open("signed_in", "short");
    await user.keyboard("c");
    await screen.findByText("1 credit too few. Nothing was sent.");
    expect(screen.queryByRole("button", { name: /^Send for/ })).toBeNull();
    await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Buy credits" }));
    await screen.findByRole("button", { name: "20 credits, €5.00" });
    expect(called(fake, "submit_pro_jobs")).toHaveLength(0);
  });

  it("keeps to the cap", async () => {
    const { service } = await open();
    service.change({ spending: { ...service.online.spending, monthly_cap: 5 } });
    await user.keyboard("c");
    await screen.findByText("This would make 6 this month, above your cap of 5.");
    expect(screen.queryByRole("button", { name: /^Send for/ })).toBeNull();
  });

  it("does not ask about what the person does not want to be asked about", async () => {
    const { fake, service } = await open();
    service.change({ spending: { ...service.online.spending, unasked_up_to: 3 } });
    await user.keyboard("c");
    await screen.findByText("1 critique in the queue");
    expect(screen.queryByRole("dialog")).toBeNull();
    await user.keyboard("{Control>}a{/Control}c");
    await screen.findByRole("button", { name: "Send for 12 credits" });
    expect(called(fake, "submit_pro_jobs")).toHaveLength(1);
  });

  it("needs an account, and says so instead of asking for a price", async () => {
    const { fake } = await open("signed_out");
    await user.keyboard("c");
    await screen.findByText(/needs an account/);
    await user.click(button("Sign in"));
    expect(called(fake, "quote")).toHaveLength(0);
    await screen.findByRole("heading", { name: "Waiting for your browser" });
  });
});

describe("Pro jobs in the queue", () => {
  it("say where they are and what one can do", async () => {
    const { fake } = await open("signed_in", "jobs");
    await go(/^Queue, 5 open/);
    for (const text of ["Uploading, 38 %", "Reading the photo, 80 %", "Waits at the service", "Waits for the network", "Failed, nothing charged"]) screen.getByText(text);
    screen.getByText("The price is now 3 credits instead of 2. Nothing was charged.");
    screen.getByText(/2 of 7 done/);
    await user.click(button("Do it for 3 credits"));
    expect(called(fake, "accept_price")).toEqual([{ id: "job-5", price: 3 }]);
    await user.click(button("Try again"));
    expect(called(fake, "retry_pro_job")).toEqual([{ id: "job-6" }]);
    await user.click(button("Show critique"));
    await screen.findByRole("heading", { name: "The water falls into one tone" });
  });

  it("go through their life, and say when they are done", async () => {
    await open();
    await user.keyboard("c");
    await user.click(await screen.findByRole("button", { name: "Send for 1 credit" }));
    await screen.findByText("The critique of P1040224.jpg is here");
    await user.click(button("Show"));
    await screen.findByRole("heading", { name: "P1040224.jpg" });
  });

  it("are seen on the photos in the strip", async () => {
    await open("signed_in", "jobs");
    screen.getByRole("option", { name: "P1040228.jpg: In the cloud" });
    screen.getByRole("option", { name: "P1040225.jpg: New" });
  });

  it("wait while the person works offline", async () => {
    const { fake } = await open("signed_in", "offline");
    screen.getByText("Offline by choice");
    await go(/^Queue/);
    screen.getByText("Waits: you work offline");
    await user.click(button("Go online"));
    expect(called(fake, "set_offline")).toEqual([{ offline: false }]);
  });
});

describe("critique", () => {
  it("is walked through by keys", async () => {
    await open();
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
    const { fake } = await open();
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

  it("draws what no recipe can do over the photo, and changes nothing", async () => {
    const { fake } = await open();
    await openCritique();
    await user.click(button("Try it: A bright patch at the left edge"));
    await screen.findByText("Crop the left edge away.", { selector: ".trial p" });
    await user.keyboard("{Escape}");
    expect(document.querySelector(".trial")).toBeNull();
    expect(called(fake, "try_suggestion")).toHaveLength(0);
  });

  it("says what has changed since the version before", async () => {
    await open();
    await openCritique();
    await screen.findByRole("heading", { name: "Since the previous version" });
    screen.getByText("Light: the sky reads clean, whites hold detail · Colour: the cast is gone");
  });

  it("is exported, done again and deleted from here", async () => {
    const { fake } = await open();
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

  it("compares two photos", async () => {
    await open();
    await go("Critiques");
    await user.click(button(/Both show the same evening/));
    await screen.findByRole("heading", { name: "The first is the stronger photo" });
    expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(5);
  });
});

describe("privacy", () => {
  it("lists what left and deletes copies now", async () => {
    const { fake } = await open();
    await go("Privacy");
    await user.click((await screen.findAllByRole("button", { name: "Delete now: P1040231.jpg" }))[0]!);
    expect(called(fake, "delete_sent")).toEqual([{ number: 9 }]);
    await screen.findByText("1 copy deleted from the service");
    await user.click(await screen.findByRole("button", { name: "Delete all 3 kept photos…" }));
    expect(called(fake, "delete_all_sent")).toHaveLength(0);
    await user.click(button("Delete 3 photos now"));
    await vi.waitFor(() => expect(screen.queryByRole("button", { name: /^Delete now:/ })).toBeNull());
  });

  it("shows one kind, and saves the whole list", async () => {
    const { fake } = await open();
    await go("Privacy");
    await user.click(await screen.findByRole("radio", { name: "Usage" }));
    await screen.findByText("Nothing of this kind.");
    expect(called(fake, "privacy_ledger").at(-1)).toEqual({ what: "usage", limit: 100 });
    await user.click(button("Export list…"));
    await screen.findByText("Saved as /home/mara/left-this-computer.csv");
  });

  it("has the switches, off until they are switched on", async () => {
    const { fake } = await open();
    await go("Privacy");
    for (const [name, command, request] of [
      ["Work offline", "set_offline", { offline: true }],
      ["Count what is used", "set_usage", { usage: true }],
    ] as const) {
      const one = screen.getByRole("switch", { name });
      expect(one.getAttribute("aria-checked")).toBe("false");
      await user.click(one);
      expect(one.getAttribute("aria-checked")).toBe("true");
      expect(called(fake, command)).toEqual([request]);
    }
    await user.click(button("Withdraw: copies may go to Anthropic"));
    expect(called(fake, "withdraw_consent")).toEqual([{ provider: "anthropic" }]);
  });
});

describe("accessibility of the service's pages", () => {
  it.each(["Critiques", "Privacy", "Account"])("has nothing to find on %s", async (page) => {
    await open();
    await go(page);
    await new Promise((done) => setTimeout(done, 20));
    const { violations } = await axe.run(document.body, {
      rules: { "color-contrast": { enabled: false }, "target-size": { enabled: false }, region: { enabled: false } },
    });
    expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`)).toEqual([]);
  });
});
