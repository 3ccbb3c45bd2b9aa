// A person at the system browser, for the journeys of the real window: does one thing on the service's own pages and ends.
//
//   node person.mjs BASE PROFILE TASK URL
//
// PROFILE is the browser's folder: its cookies stay from one visit to the next, as a person's do. Prints what the last page says.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { BROWSERS } from "./host.mjs";

const [base, profile, task, url] = process.argv.slice(2);
const EMAIL = "mara@example.org";
const PASSWORD = "harbour lantern 58 quilt";

/** Waits for the letter and gives the link in it that begins like this. */
async function letter(subject, path) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const letters = await (await fetch(`${base}/sandbox/letters.json`)).json();
    const found = letters.find((each) => each.headers.some(([name, value]) => name.toLowerCase() === "subject" && value === subject));
    if (found) return found.text.match(new RegExp(`${base}${path}\\S*`))[0];
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no letter "${subject}" came`);
}

const tasks = {
  /** From the app's own link to an account and back to the app. */
  async "sign-up"(page) {
    await page.goto(url);
    await page.getByRole("link", { name: "Create an account" }).click();
    for (const [label, value] of [["Day", "1"], ["Month", "2"], ["Year", "1990"]]) await page.getByLabel(label).fill(value);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Name").fill("Mara Lindqvist");
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
    await page.goto(await letter("Confirm your email address", "/confirm"));
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    const connect = page.getByRole("heading", { name: "Connect the app" });
    await page.getByRole("heading", { name: "Your account" }).or(connect).waitFor();
    if (!(await connect.isVisible())) await page.goto(url);
    await connect.waitFor();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.waitForURL((now) => !now.href.startsWith(base));
  },
  /** From the app's own link back to the app, signed in here already. */
  async connect(page) {
    await page.goto(url);
    await page.getByRole("heading", { name: "Connect the app" }).waitFor();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.waitForURL((now) => !now.href.startsWith(base));
  },
  /** On the checkout's page. */
  async pay(page) {
    await page.goto(url);
    await page.getByRole("button", { name: /^Pay [^a-z]/ }).click();
    await page.waitForURL((now) => !/checkout|cs_/.test(now.pathname));
  },
  /** Fetches the archive of the person's data. */
  async export(page) {
    await page.goto(url);
    await page.getByLabel("Password").fill(PASSWORD);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Fetch it" }).first().click()]);
    const archive = readFileSync(await download.path());
    if (archive.subarray(0, 2).toString() !== "PK") throw new Error("what was fetched is no archive");
    console.log([EMAIL, "ledger.csv", "critique"].filter((part) => archive.includes(part)).join(" "));
  },
  /** Asks for the end of the account, signing in first where the browser is not. */
  async delete(page) {
    await page.goto(url);
    const go = page.getByRole("button", { name: "Delete the account" });
    const signIn = page.getByRole("button", { name: "Sign in", exact: true });
    await go.or(signIn).waitFor();
    if (await signIn.isVisible()) {
      await page.getByLabel("Email").fill(EMAIL);
      await page.getByLabel("Password").fill(PASSWORD);
      await signIn.click();
    }
    await go.waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await go.click();
    await page.getByRole("heading", { name: "Your account will be deleted" }).waitFor();
  },
};

const executablePath = BROWSERS.find((path) => existsSync(path));
const context = await chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"], reducedMotion: "reduce" });
const page = context.pages()[0] ?? (await context.newPage());
page.setDefaultTimeout(60_000);
try {
  await tasks[task](page);
} catch (failed) {
  console.error(`${task} at ${page.url()}: ${failed}\n${await page.evaluate(() => document.body.innerText).catch(() => "")}`);
  await page.screenshot({ path: join(profile, "failed.png") }).catch(() => undefined);
  process.exitCode = 1;
}
console.log(await page.evaluate(() => document.body.innerText).catch(() => ""));
await context.close();
