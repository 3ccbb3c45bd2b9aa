// Account, credits, Pro jobs, critiques and privacy in a real browser, on the demo: every scene in dark and in light, narrow and zoomed, nothing that
// axe objects to; and what jsdom cannot show: focus, layout, pictures.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";

import { missingDemo, openDemo } from "./demo.mjs";
import { skipped } from "./host.mjs";

const PICTURES = resolve(import.meta.dirname, "../../target/screenshots");
const LONG = 240_000;

const reason = missingDemo();
if (reason) skipped("the service's pages in Chromium", reason);

const go = (page, name) => page.getByRole("navigation", { name: "Main" }).getByRole("button", { name }).click();
const heading = (page, name) => page.getByRole("heading", { name, exact: true }).first().waitFor();
const openCritique = async (page) => {
  await go(page, "Critiques");
  await page.getByRole("button", { name: /A calm lake with one clear idea/ }).click();
  await page.getByRole("heading", { name: "The water falls into one tone" }).waitFor();
};

/** Name, state of the service, and the way to what is looked at. */
const SCENES = [
  ["account", "in", async (page) => (await go(page, "Account"), heading(page, "Orders"))],
  ["signed-out", "out", async (page) => (await go(page, "Account"), heading(page, "The app is whole without an account"))],
  ["signing-in", "signing-in", async (page) => (await go(page, "Account"), heading(page, "Waiting for your browser"))],
  ["new-account", "new", async (page) => (await go(page, "Account"), heading(page, "No subscription"))],
  ["paying", "paying", async (page) => (await go(page, "Account"), page.getByText("Waiting for the payment of 50 credits").waitFor())],
  ["buying", "in", async (page) => (await go(page, "Account"), await page.getByRole("button", { name: "Buy credits" }).click(), heading(page, "Packs"))],
  ["withdrawing", "in", async (page) => (await go(page, "Account"), await page.getByRole("button", { name: /^Withdraw/ }).click(), page.getByText("Paid back", { exact: true }).waitFor())],
  ["delete-account", "in", async (page) => (await go(page, "Account"), await page.getByRole("button", { name: "Delete my account…" }).click(), page.getByText(/^By [0-9]/).waitFor())],
  ["deleting", "deleting", async (page) => (await go(page, "Account"), page.getByText("This account is being deleted").waitFor())],
  ["no-answer", "down", async (page) => (await go(page, "Account"), page.getByText("The service does not answer.").first().waitFor())],
  ["sandbox", "sandbox", async (page) => (await go(page, "Account"), page.getByText("no money moves").waitFor())],
  ["policy", "policy", async (page) => (await go(page, "Account"), await page.getByRole("button", { name: "Read and agree" }).click(), heading(page, "What is kept"))],
  ["policy-signed-out", "out", async (page) => (await go(page, "Account"), await page.getByRole("button", { name: "Privacy policy" }).click(), page.getByText("As it came with the app.").waitFor())],
  ["what-is-sent", "in", async (page) => (await page.keyboard.press("c"), await page.getByRole("button", { name: "See what is sent" }).click(), page.getByText("1568 × 1045").waitFor())],
  ["result", "back", async (page) => (await go(page, "Queue"), await page.getByRole("button", { name: /^Show result/ }).first().click(), page.getByRole("slider", { name: "Before and after" }).waitFor())],
  ["queue-back", "back", async (page) => (await go(page, "Queue"), page.getByText("Whether it was charged").waitFor())],
  ["spend", "in", async (page) => (await page.keyboard.press("c"), page.getByRole("button", { name: "Send for 1 credit" }).waitFor())],
  ["spend-first-time", "in", async (page) => (await page.getByRole("button", { name: "Pro jobs" }).click(), await page.getByRole("menuitem", { name: /cloud/ }).click(), page.getByRole("checkbox", { name: /I agree/ }).waitFor())],
  ["spend-too-few", "short", async (page) => (await page.keyboard.press("c"), page.getByText("1 credit too few").waitFor())],
  ["spend-signed-out", "out", async (page) => (await page.keyboard.press("c"), page.getByText("needs an account").waitFor())],
  ["queue", "jobs", async (page) => (await go(page, /^Queue/), page.getByText("Uploading, 38 %").waitFor())],
  ["queue-offline", "offline", async (page) => (await go(page, /^Queue/), page.getByText("Waits: you work offline").waitFor())],
  ["critiques", "in", async (page) => (await go(page, "Critiques"), page.getByText("Photo from another computer").waitFor())],
  ["critiques-none", "new", async (page) => (await go(page, "Critiques"), heading(page, "No critique yet"))],
  ["critique", "in", async (page) => (await openCritique(page), page.keyboard.press("3"))],
  ["critique-crop", "in", async (page) => (await openCritique(page), page.getByRole("button", { name: /^Try it: A bright patch/ }).click())],
  ["critique-try", "in&speed=20", async (page) => (await openCritique(page), await page.getByRole("button", { name: /^Try it: The water/ }).click(), page.getByRole("button", { name: "Keep in the recipe" }).waitFor())],
  ["comparison", "in", async (page) => (await go(page, "Critiques"), await page.getByRole("button", { name: /Both show the same evening/ }).click(), heading(page, "The first is the stronger photo"))],
  ["privacy", "in", async (page) => (await go(page, "Privacy"), page.getByRole("button", { name: /^Delete now/ }).first().waitFor())],
  ["privacy-nothing", "new", async (page) => (await go(page, "Privacy"), page.getByText("Nothing has ever left this computer.").waitFor())],
];

async function accessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const found = violations.map((each) => `${each.id}: ${each.help} (${each.nodes.map((node) => node.target.join(" ")).join("; ")})`);
  assert.deepEqual(found, [], `axe objects to ${where}`);
}

let demo;
before(async () => {
  if (reason) return;
  mkdirSync(PICTURES, { recursive: true });
  demo = await openDemo();
});
after(() => demo?.close());

for (const [name, service, way] of SCENES) {
  test(`in dark and in light: ${name}`, { skip: reason ?? false, timeout: LONG }, async () => {
    const { page, faults, leave } = await demo.show(`service=${service}`);
    await way(page);
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(PICTURES, `demo-${name}-${colorScheme}.png`) });
      await accessible(page, `${name}, ${colorScheme}`);
    }
    assert.deepEqual(faults, []);
    await leave();
  });
}

// 1440 by 900 at 200 % leaves 720 by 450.
for (const [size, width, height] of [["narrow", 1024, 720], ["200 %", 720, 450]]) {
  test(`nothing is cut or squeezed out: ${size}`, { skip: reason ?? false, timeout: LONG }, async () => {
    for (const [name, service, way] of SCENES.filter(([name]) => ["account", "buying", "spend", "queue", "critiques", "critique", "comparison", "privacy", "policy", "what-is-sent", "result"].includes(name))) {
      const { page, faults, leave } = await demo.show(`service=${service}`, { width, height });
      await way(page);
      const wide = await page.evaluate(() => {
        const limit = document.documentElement.clientWidth + 1;
        const beyond = (element) => {
          // What lies in an area that scrolls sideways can be reached there; what is clipped on purpose says so.
          for (let parent = element.parentElement; parent; parent = parent.parentElement) {
            if (getComputedStyle(parent).overflowX !== "visible") return false;
          }
          return element.getBoundingClientRect().right > limit && getComputedStyle(element).visibility !== "hidden";
        };
        return [...document.querySelectorAll("button, input, p, h1, h2, td")].filter(beyond).map((element) => element.textContent.trim().slice(0, 40));
      });
      assert.deepEqual(wide, [], `${name} reaches beyond the window`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true, `${name} makes the whole window scroll sideways`);
      await accessible(page, `${name}, ${size}`);
      assert.deepEqual(faults, [], name);
      await leave();
    }
  });
}

test("a critique by keys alone: pins, findings, trying and taking back", { skip: reason ?? false, timeout: LONG }, async () => {
  const { page, leave } = await demo.show("service=in&speed=20");
  await openCritique(page);
  const pressed = () => page.locator("figure [aria-pressed=true]").getAttribute("aria-label");
  await page.keyboard.press("3");
  assert.equal(await pressed(), "3: The water falls into one tone. Light");
  const pin = await page.locator("figure [aria-pressed=true]").boundingBox();
  const region = await page.locator("figure .region").boundingBox();
  assert.ok(Math.abs(pin.x + pin.width / 2 - region.x) < 3 && Math.abs(pin.y + pin.height / 2 - region.y) < 3, "the pin stands at the corner of its region");
  await page.keyboard.press("ArrowDown");
  assert.match(await pressed(), /^4: /);
  await page.keyboard.press("ArrowUp");
  await page.getByRole("button", { name: /^Try it: The water/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("slider", { name: "Before and after" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("figure [aria-pressed=true]").waitFor();
  await leave();
});

test("the spend sheet holds the focus and gives it back", { skip: reason ?? false, timeout: LONG }, async () => {
  const { page, leave } = await demo.show("service=in");
  const critique = page.getByRole("button", { name: /^Critique / });
  await critique.click();
  await page.getByRole("button", { name: "Send for 1 credit" }).waitFor();
  for (let turn = 0; turn < 12; turn += 1) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => (document.activeElement === document.body ? "browser" : document.activeElement.closest("dialog") ? "sheet" : "page"));
    assert.notEqual(where, "page", "the page behind the sheet cannot be reached");
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" }).catch(() => undefined);
  assert.equal(await page.evaluate(() => document.querySelector("dialog[open]")), null);
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Critique/);
  await leave();
});
