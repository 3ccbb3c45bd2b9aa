/** Account, credits and privacy from a person's side, on the fake service. */
import { screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { day } from "./i18n";
import { serviceScene } from "./platform/fake/service-scenes";
import { FakeStudio } from "./platform/fake/studio";
import { button, called, expectAccessible, go, open, openWithService, user, withoutPictures } from "./test-window";

beforeEach(withoutPictures);

describe("a build without a service", () => {
  it("shows nothing of it", async () => {
    const fake = new FakeStudio();
    fake.put("/p/a.jpg");
    await open(fake);
    for (const name of ["Account", "Privacy", "Critiques", /^Critique/]) expect(screen.queryByRole("button", { name })).toBeNull();
    await user.keyboard("3");
    screen.getByRole("heading", { name: "Settings" });
  });
});

describe("account", () => {
  it("is signed into through the browser, which can be cancelled", async () => {
    const { fake, service } = await openWithService("signed_out");
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
    const { service } = await openWithService();
    service.change({ account: { kind: "signed_out", notice: { code: "signed_out", message: "You were signed out on another computer.", retryable: false } } });
    await go("Account");
    screen.getByText("You were signed out on another computer.");
  });

  it("changes the name in place, and not to nothing", async () => {
    const { fake } = await openWithService();
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
    const { fake } = await openWithService();
    await go("Account");
    await user.click(button(/^Change, Email/));
    await user.click(button(/^Change, Password/));
    await user.click(button(/^Unlink, Google/));
    await user.click(button("Delete my account…"));
    screen.getByText(/Every browser is signed out/);
    await user.click(button("Go on in the browser"));
    expect(called(fake, "open_page")).toEqual([{ page: "email" }, { page: "password" }, { page: "google" }, { page: "delete" }]);
  });

  it("says what a deletion takes, and when", async () => {
    const { service } = await openWithService();
    const inDays = (days: number) => day((Date.now() + days * 86_400_000) * 1000);
    await go("Account");
    const goes = "4 photos from this computer, 4 critiques and 37 credits";
    screen.getByText(new RegExp(`Everything at the service is gone by ${inDays(30)}: ${goes}\\. Payment records stay`));
    await user.click(button("Delete my account…"));
    const sheet = within(screen.getByRole("dialog"));
    sheet.getByText(`By ${inDays(30)}`);
    sheet.getByText(new RegExp(`those who worked for it: ${goes}\\.$`));
    sheet.getByText(`Until ${inDays(7)}, here or by the letter that we send you.`);
    // What is not there is not counted. (One critique is only on this computer.)
    service.change({ sent: { ...service.online.sent, kept: 0 } });
    await vi.waitFor(() => expect(screen.getByRole("dialog").textContent).toContain("those who worked for it: 4 critiques and 37 credits."));
  });

  it("takes a deletion back", async () => {
    const { fake } = await openWithService("signed_in", "deleting");
    await go("Account");
    expect(screen.queryByRole("button", { name: "Delete my account…" })).toBeNull();
    await user.click(button("Keep my account"));
    await vi.waitFor(() => expect(screen.queryByText("This account is being deleted")).toBeNull());
    expect(called(fake, "undo_deletion")).toHaveLength(1);
  });

  it("signs other devices out, and everywhere after asking", async () => {
    const { fake } = await openWithService();
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
    const { fake } = await openWithService();
    await go("Account");
    await user.click(button("Export"));
    await screen.findByText("It is ready. Save it from the page in your browser, once, within seven days.");
    expect(called(fake, "export_account_data")).toHaveLength(1);
  });

  it("has the privacy policy at hand without an account, and says where the text is from", async () => {
    await openWithService("signed_out");
    await go("Account");
    await user.click(button("Privacy policy"));
    await screen.findByRole("heading", { name: "What is kept" });
    screen.getByText("Version 1");
    screen.getByText("As it came with the app. Once you are signed in, the one in force is fetched.");
  });

  it("shows the policy as it was last when the service does not answer, and takes no yes to it", async () => {
    const { service } = await openWithService("signed_in", "policy");
    serviceScene(service, "down");
    await go("Account");
    await user.click(button("Read and agree"));
    await screen.findByRole("heading", { name: "What is kept" });
    screen.getByText(/^As the service had it on/);
    screen.getByText(/It can be agreed to once the service answers/);
    expect(screen.queryByRole("button", { name: "I agree" })).toBeNull();
    service.change({ connection: { ...service.online.connection, service: "connected", problem: null } });
    await user.click(button("Try again"));
    await user.click(await screen.findByRole("button", { name: "I agree" }));
    await screen.findByText("You have agreed to this version.");
  });

  it("asks for a new policy to be read, and takes the yes for that version", async () => {
    const { fake } = await openWithService("signed_in", "policy");
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
    await openWithService();
    await go("Account");
    await screen.findByText("Critique, P1040231.jpg");
    const rows = within(screen.getByRole("table", { name: "Credit entries" })).getAllByRole("row").slice(1);
    const cells = rows.map((row) => within(row).getAllByRole("cell").slice(3).map((cell) => Number(cell.textContent?.replace("−", "-"))));
    expect(cells[0]).toEqual([-1, 37]);
    expect(rows.length).toBe(6);
    screen.getByRole("img", { name: /last 12 weeks.*This week 1\./ });
  });

  it("are bought in the browser; the app notices by itself that they are paid", async () => {
    const { fake, service } = await openWithService();
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
    const { fake } = await openWithService();
    await go("Account");
    await user.click(button(/^Withdraw from/));
    expect(called(fake, "confirm_withdrawal")).toHaveLength(0);
    await user.click(await screen.findByRole("button", { name: "Withdraw, €4.25 back" }));
    await screen.findByText(/Withdrawn, paid back/);
    expect(called(fake, "confirm_withdrawal")).toEqual([{ id: "o2", confirm_token: "yes" }]);
  });
});

describe("invoices", () => {
  it("are offered to whoever has paid for something, and to nobody else", async () => {
    const { fake, service } = await openWithService("signed_in", "new");
    await go("Account");
    expect(screen.queryByRole("button", { name: "Invoices" })).toBeNull();
    await user.click(button("Buy credits"));
    await user.click(await screen.findByRole("button", { name: "50 credits, €11.00" }));
    await screen.findByText("Waiting for the payment of 50 credits");
    expect(screen.queryByRole("button", { name: "Invoices" })).toBeNull();
    service.pay(service.online.orders[0]!.id);
    await user.click(await screen.findByRole("button", { name: "Invoices" }));
    expect(called(fake, "open_portal")).toHaveLength(1);
  });
});

describe("privacy", () => {
  it("shows no picture of a photo that merely has the same name", async () => {
    await openWithService();
    await go("Privacy");
    await screen.findAllByText("P1040231.jpg");
    expect(document.querySelector("table img")).toBeNull();
  });

  it("lists what left and deletes copies now", async () => {
    const { fake } = await openWithService();
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
    const { fake } = await openWithService();
    await go("Privacy");
    await user.click(await screen.findByRole("radio", { name: "Usage" }));
    await screen.findByText("Nothing of this kind.");
    expect(called(fake, "privacy_ledger").at(-1)).toEqual({ what: "usage", limit: 100 });
    await user.click(button("Export list…"));
    await screen.findByText("Saved as /home/mara/left-this-computer.csv");
  });

  it("has the switches, off until they are switched on", async () => {
    const { fake } = await openWithService();
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
    await openWithService();
    await go(page);
    await new Promise((done) => setTimeout(done, 20));
    await expectAccessible();
  });
});
