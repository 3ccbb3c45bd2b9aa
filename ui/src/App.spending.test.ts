/** Spending and Pro jobs from a person's side, on the fake service. */
import { screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { button, called, expectAccessible, go, openWithService, user, withoutPictures } from "./test-window";

beforeEach(withoutPictures);

describe("spending", () => {
  it("shows the price before, and sends exactly that", async () => {
    const { fake } = await openWithService();
    await user.keyboard("{Control>}a{/Control}c");
    await screen.findByText("12 critiques · 12 credits of 37 · sends 12 photos, 1568 px, no location, to Anthropic through our service");
    expect(called(fake, "submit_pro_jobs")).toHaveLength(0);
    await user.click(button("Send for 12 credits"));
    await screen.findByText("12 critiques in the queue");
    expect(called(fake, "submit_pro_jobs")).toEqual([
      expect.objectContaining({ kind: "critique", variant: "standard", each: 1, photos: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], sends: { to: "anthropic", long_edge: 1568, media_type: "image/jpeg" } }),
    ]);
  });

  it("shows what is sent: the very copies and the words that go along", async () => {
    const { fake } = await openWithService();
    await user.keyboard("{Control>}a{/Control}c");
    await user.click(await screen.findByRole("button", { name: "See what is sent" }));
    const sheet = within(await screen.findByRole("dialog", { name: "What is sent" }));
    await sheet.findByText("1568 × 1045, 412 kB, JPEG");
    sheet.getByText("35 mm, f/2.8, 1/250 s, ISO 400");
    sheet.getByText("Location, camera data and file name");
    expect(sheet.getByRole("img", { name: "The copy of P1040224.jpg that is sent" }).getAttribute("src")).toBe("photo:copy/1");
    await user.click(sheet.getByRole("button", { name: "Next photo" }));
    sheet.getByText("2 of 12");
    await sheet.findByRole("img", { name: "The copy of P1040225.jpg that is sent" });
    await user.click(sheet.getByRole("button", { name: "Photo before" }));
    await user.click(sheet.getByRole("button", { name: "Photo before" }));
    await sheet.findByRole("img", { name: "The copy of P1040235.jpg that is sent" });
    expect(called(fake, "copy_to_send")[0]).toEqual({ kind: "critique", photo: 1, long_edge: 1568 });
    await expectAccessible();
    await user.click(sheet.getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog", { name: "What is sent" })).toBeNull();
    expect(called(fake, "submit_pro_jobs")).toHaveLength(0);
    screen.getByRole("button", { name: "Send for 12 credits" });
  });

  it("takes along how strict a critique is to be and what the photo is meant as, and remembers how strict", async () => {
    const { fake } = await openWithService();
    await user.keyboard("{Control>}a{/Control}c");
    await user.click(await screen.findByRole("radio", { name: "Strict" }));
    await user.click(button("Meant as: Whatever it is"));
    await user.click(await screen.findByRole("menuitemradio", { name: "Street" }));
    await user.click(button("Send for 12 credits"));
    await screen.findByText("12 critiques in the queue");
    expect(called(fake, "submit_pro_jobs")).toEqual([expect.objectContaining({ options: { strictness: "strict", genre: "Street" } })]);
    await user.keyboard("c");
    await screen.findByRole("button", { name: "Meant as: Whatever it is" });
    expect(screen.getByRole("radio", { name: "Strict" }).getAttribute("aria-checked")).toBe("true");
  });

  it("sends nothing along unseen that was said of other photos", async () => {
    const { fake, service } = await openWithService();
    service.change({ spending: { ...service.online.spending, unasked_up_to: 3 } });
    await user.keyboard("{Control>}a{/Control}c");
    await user.click(await screen.findByRole("button", { name: "Meant as: Whatever it is" }));
    await user.click(await screen.findByRole("menuitemradio", { name: "Street" }));
    await user.click(button("Send for 12 credits"));
    await screen.findByText("12 critiques in the queue");
    await user.click(screen.getByRole("option", { name: /^P1040225/ }));
    await user.keyboard("c");
    await vi.waitFor(() => expect(called(fake, "submit_pro_jobs")).toHaveLength(2));
    expect(called(fake, "submit_pro_jobs")[1]).toMatchObject({ photos: [2], options: {} });
  });

  it("asks how strict a critique is to be, not a comparison", async () => {
    const { fake } = await openWithService();
    await user.keyboard("c");
    await user.click(await screen.findByRole("radio", { name: "Strict" }));
    await user.click(screen.getAllByRole("button", { name: "Cancel" }).at(-1)!);
    await user.keyboard("{Shift>}{ArrowRight}{/Shift}");
    await user.click(button("Pro jobs"));
    await user.click(await screen.findByRole("menuitem", { name: /^Compare/ }));
    await screen.findByRole("button", { name: "Meant as: Whatever it is" });
    expect(screen.queryByRole("radio", { name: "Strict" })).toBeNull();
    await user.click(button("Send for 1 credit"));
    await vi.waitFor(() => expect(called(fake, "submit_pro_jobs")).toHaveLength(1));
    expect(called(fake, "submit_pro_jobs")[0]).toMatchObject({ kind: "compare", options: {} });
  });

  it("asks once for each company", async () => {
    const { fake, service } = await openWithService();
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
    const { fake, service } = await openWithService();
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
    const { fake } = await openWithService("signed_in", "short");
    await user.keyboard("c");
    await screen.findByText("1 credit too few. Nothing was sent.");
    expect(screen.queryByRole("button", { name: /^Send for/ })).toBeNull();
    await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Buy credits" }));
    await screen.findByRole("button", { name: "20 credits, €5.00" });
    expect(called(fake, "submit_pro_jobs")).toHaveLength(0);
  });

  it("keeps to the cap", async () => {
    const { service } = await openWithService();
    service.change({ spending: { ...service.online.spending, monthly_cap: 5 } });
    await user.keyboard("c");
    await screen.findByText("This would make 6 this month, above your cap of 5.");
    expect(screen.queryByRole("button", { name: /^Send for/ })).toBeNull();
  });

  it("does not ask about what the person does not want to be asked about", async () => {
    const { fake, service } = await openWithService();
    service.change({ spending: { ...service.online.spending, unasked_up_to: 3 } });
    await user.keyboard("c");
    await screen.findByText("1 critique in the queue");
    expect(screen.queryByRole("dialog")).toBeNull();
    await user.keyboard("{Control>}a{/Control}c");
    await screen.findByRole("button", { name: "Send for 12 credits" });
    expect(called(fake, "submit_pro_jobs")).toHaveLength(1);
  });

  it("needs an account, and says so instead of asking for a price", async () => {
    const { fake } = await openWithService("signed_out");
    await user.keyboard("c");
    await screen.findByText(/needs an account/);
    await user.click(button("Sign in"));
    expect(called(fake, "quote")).toHaveLength(0);
    await screen.findByRole("heading", { name: "Waiting for your browser" });
  });
});

describe("Pro jobs in the queue", () => {
  it("say where they are and what one can do", async () => {
    const { fake } = await openWithService("signed_in", "jobs");
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
    await openWithService();
    await user.keyboard("c");
    await user.click(await screen.findByRole("button", { name: "Send for 1 credit" }));
    await screen.findByText("The critique of P1040224.jpg is here");
    await user.click(button("Show"));
    await screen.findByRole("heading", { name: "P1040224.jpg" });
  });

  it("show what came back beside its photo, from where it is deleted at the service", async () => {
    const { fake, service } = await openWithService("signed_in", "back");
    await go("Queue");
    await user.click(screen.getAllByRole("button", { name: /^Show result/ })[0]!);
    await screen.findByRole("heading", { name: "P1040224.jpg" });
    expect(called(fake, "open_pro_result")).toEqual([{ id: "job-1" }]);
    screen.getByText("12096 × 8064 · Replicate · 2 credits");
    await user.click(screen.getByRole("radio", { name: "Side by side" }));
    await user.click(button("Show in folder"));
    expect(called(fake, "reveal_pro_result")).toEqual([{ id: "job-1" }]);
    await user.click(button("Delete from the service…"));
    expect(called(fake, "delete_pro_result")).toHaveLength(0);
    await user.click(button("Delete now"));
    await screen.findByText("Deleted from the service");
    expect(called(fake, "delete_pro_result")).toEqual([{ id: "job-1" }]);
    expect(screen.queryByRole("button", { name: "Delete from the service…" })).toBeNull();
    expect(service.jobs[0]?.on_service).toBe(false);
    await expectAccessible();
    await user.click(button("Back to the queue"));
    screen.getByRole("heading", { name: "Queue" });
  });

  it("show the result alone when its photo is gone, and say when that cannot be opened either", async () => {
    const { service } = await openWithService("signed_in", "back");
    service.jobs = service.jobs.map((job) => ({ ...job, photos: job.photos.map((photo) => ({ ...photo, photo: null })) }));
    await go("Queue");
    await user.click(screen.getAllByRole("button", { name: /^Show result/ })[0]!);
    await screen.findByText("The photo is not where it was: this is the result alone");
    expect(screen.queryByRole("radio", { name: "Split" })).toBeNull();
    await user.click(button("Back to the queue"));
    service.jobs = [];
    await user.click(screen.getAllByRole("button", { name: /^Show result/ })[0]!);
    await screen.findByText("This job has no file.");
  });

  it("say when it is not known whether they were charged", async () => {
    const { fake } = await openWithService("signed_in", "back");
    await go("Queue");
    screen.getByText(/The service does not know this job any more\. Whether it was charged is not known here: your credit entries tell/);
    expect(screen.queryByText("Failed, nothing charged")).toBeNull();
    await user.click(button("Try again"));
    expect(called(fake, "retry_pro_job")).toEqual([{ id: "job-2" }]);
  });

  it("are seen on the photos in the strip", async () => {
    await openWithService("signed_in", "jobs");
    screen.getByRole("option", { name: "P1040228.jpg: In the cloud" });
    screen.getByRole("option", { name: "P1040225.jpg: New" });
  });

  it("wait while the person works offline", async () => {
    const { fake } = await openWithService("signed_in", "offline");
    screen.getByText("Offline by choice");
    await go(/^Queue/);
    screen.getByText("Waits: you work offline");
    await user.click(button("Go online"));
    expect(called(fake, "set_offline")).toEqual([{ offline: false }]);
  });
});
