// The service's own pages in a real browser, in sandbox mode: sign up, verify, buy, withdraw, look, take the data, delete; and every other way in: a forgotten
// password, another address, Google, the app, and forms that were filled in wrongly. Nothing that axe objects to, in dark and in light, and no request to anybody else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

import { BROWSERS, skipped } from "./host.mjs";

const PROGRAMS = process.env.PRETTY_PROGRAMS ?? resolve(import.meta.dirname, "../../target/debug");
const PROGRAM = join(PROGRAMS, "pretty-backend");
const PASSWORD = "harbour lantern 58 quilt";

const browserPath = BROWSERS.find((path) => existsSync(path));
const reason = !browserPath ? "no Chromium is installed" : !existsSync(PROGRAM) ? "pretty-backend is not built" : null;
if (reason) skipped("the service's pages in Chromium", reason);

async function start() {
  const folder = mkdtempSync(join(tmpdir(), "pretty-service-"));
  const service = spawn(PROGRAM, ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", folder], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const line = await new Promise((found, failed) => {
    service.once("error", failed);
    service.once("exit", (code) => failed(new Error(`the service ended with ${code}`)));
    createInterface(service.stdout).once("line", found);
  });
  const close = async () => {
    service.removeAllListeners("exit");
    const ended = new Promise((done) => service.once("exit", done));
    service.kill("SIGTERM");
    await Promise.race([ended, new Promise((done) => setTimeout(done, 10_000))]);
    service.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  return { base: line.replace("listening on ", ""), close };
}

async function accessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const found = violations.map((each) => `${each.id}: ${each.help} (${each.nodes.map((node) => node.target.join(" ")).join("; ")})`);
  assert.deepEqual(found, [], `axe objects to ${where}`);
}

/** Waits for the letter and gives the link in it that begins like this. */
async function letter(base, subject, path) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const letters = await (await fetch(`${base}/sandbox/letters.json`)).json();
    const found = letters.find((each) => each.headers.some(([name, value]) => name.toLowerCase() === "subject" && value === subject));
    if (found) return path ? found.text.match(new RegExp(`${base}${path}\\S*`))[0] : found.text;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no letter "${subject}" came`);
}

for (const colorScheme of ["dark", "light"]) {
  test(`sign up, verify, buy, withdraw, export, delete: ${colorScheme}`, { skip: reason ?? false, timeout: 180_000 }, async () => {
    const { base, close } = await start();
    const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
    try {
      const context = await browser.newContext({ colorScheme, reducedMotion: "reduce", acceptDownloads: true });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const outside = [];
      // The page at which one pays is the stand-in's: nobody else's, and asked for by the person alone.
      let paying = null;
      page.on("request", (request) => [base, paying].some((own) => own && request.url().startsWith(own)) || outside.push(request.url()));
      const scan = (where) => accessible(page, `${where}, ${colorScheme}`);

      await page.goto(`${base}/sign-in`);
      await page.getByText("Sandbox: nothing here is real").waitFor();
      await page.getByRole("link", { name: "Continue with Google" }).waitFor();
      await scan("sign in");
      await page.getByRole("link", { name: "Create an account" }).click();
      await scan("the age question");
      for (const [label, value] of [["Day", "1"], ["Month", "2"], ["Year", "1990"]]) await page.getByLabel(label).fill(value);
      await page.getByRole("button", { name: "Continue" }).click();
      await scan("sign up");
      await page.getByLabel("Name").fill("Mara Lindqvist");
      await page.getByLabel("Email").fill("mara@example.org");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Create the account" }).click();
      await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
      await page.goto(await letter(base, "Confirm your email address", "/confirm"));
      await scan("confirm");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Make the account" }).click();
      await page.getByRole("heading", { name: "Your account" }).waitFor();
      await scan("the account");
      await page.getByRole("button", { name: "Sign out", exact: true }).last().click();
      await page.getByLabel("Email").fill("mara@example.org");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Your account" }).waitFor();

      await page.goto(`${base}/account/credits`);
      await scan("credits, nothing bought");
      await page.getByRole("button", { name: /^Order / }).first().click();
      const pay = page.getByRole("link", { name: /^Order and pay/ });
      await scan("an order to pay");
      paying = new URL(await pay.getAttribute("href")).origin;
      await pay.click();
      await scan("the stand-in's payment page");
      await page.getByRole("button", { name: /^Pay \d/ }).click();
      await page.waitForURL(/\/billing\/done/);
      await scan("paid");
      await letter(base, "Your receipt");
      await page.goto(`${base}/account/credits`);
      await scan("credits, something bought");
      await page.locator("a[href^='/account/orders/']").first().click();
      await scan("a paid order");
      await page.getByRole("link", { name: "Withdraw from the contract here" }).click();
      await scan("withdrawing");
      await page.getByRole("button", { name: "Confirm withdrawal" }).click();
      await page.getByRole("heading", { name: "Withdrawn" }).waitFor();
      await scan("withdrawn");
      await page.goto(`${base}/billing/left`);
      await scan("not paid");
      await page.goto(`${base}/docs`);
      await scan("the reference");

      await page.goto(`${base}/privacy`);
      await scan("privacy");
      await page.goto(`${base}/sandbox/letters`);
      await scan("the letters");
      await page.goto(`${base}/account/data`);
      await page.getByRole("button", { name: "Make an archive" }).click();
      await letter(base, "Your data is ready");
      await page.goto(`${base}/account/data`);
      await scan("the data");
      await page.getByLabel("Password").fill(PASSWORD);
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Fetch it" }).click()]);
      const archive = readFileSync(await download.path());
      assert.equal(archive.subarray(0, 2).toString(), "PK");
      assert.ok(archive.includes("mara@example.org") && archive.includes("ledger.csv"));

      await page.goto(`${base}/account/delete`);
      await scan("delete");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Delete the account" }).click();
      await page.getByRole("heading", { name: "Your account will be deleted" }).waitFor();
      await page.goto(`${base}/account`);
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.goto(await letter(base, "Your account will be deleted", "/keep-account"));
      await scan("keep");
      assert.deepEqual(outside, [], "a request went elsewhere");
    } finally {
      await browser.close();
      await close();
    }
  });
}

for (const colorScheme of ["dark", "light"]) {
  test(`every way in, and what is refused on it: ${colorScheme}`, { skip: reason ?? false, timeout: 180_000 }, async () => {
    const { base, close } = await start();
    const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
    try {
      const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      // The stand-in for Google, to which the person goes and comes back from.
      const google = new URL((await fetch(`${base}/google`, { redirect: "manual" })).headers.get("location")).origin;
      const outside = [];
      page.on("request", (request) => [base, google].some((own) => request.url().startsWith(own)) || outside.push(request.url()));
      const scan = (where) => accessible(page, `${where}, ${colorScheme}`);
      const press = (name) => page.getByRole("button", { name, exact: true }).last().click();
      const refused = async (where) => {
        await page.getByRole("alert").waitFor();
        await scan(`${where}, refused`);
      };

      await page.goto(`${base}/sign-in`);
      await page.getByLabel("Email").fill("mara@example.org");
      await page.getByLabel("Password").fill("not the password 12");
      await press("Sign in");
      await refused("sign in");

      await page.goto(`${base}/sign-up`);
      for (const [label, value] of [["Day", "31"], ["Month", "2"], ["Year", "1990"]]) await page.getByLabel(label).fill(value);
      await press("Continue");
      await refused("the age question");
      for (const [label, value] of [["Day", "1"], ["Month", "2"], ["Year", "1990"]]) await page.getByLabel(label).fill(value);
      await press("Continue");
      await page.getByLabel("Name").fill("Mara Lindqvist");
      await page.getByLabel("Email").fill("mara@example.org");
      await page.getByLabel("Password").fill("password1");
      await press("Create the account");
      await refused("sign up");
      await page.getByLabel("Password").fill(PASSWORD);
      await press("Create the account");
      await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
      await scan("a letter is on its way");
      await page.goto(await letter(base, "Confirm your email address", "/confirm"));
      await page.getByLabel("Password").fill("not the password 12");
      await press("Make the account");
      await refused("confirm");
      await page.getByLabel("Password").fill(PASSWORD);
      await press("Make the account");
      await page.getByRole("heading", { name: "Your account" }).waitFor();

      await page.getByLabel("Old password").fill("not the password 12");
      await page.getByLabel("New password").fill("violet ferry 91 thunder");
      await press("Change the password");
      await refused("the account");
      await page.getByLabel("New email").fill("ada.sandbox@gmail.com");
      await page.locator("#email-password").fill(PASSWORD);
      await press("Change the address");
      await page.getByRole("status").waitFor();
      await scan("the account, another address is asked for");
      await page.goto(await letter(base, "Confirm your new email address", "/confirm-email"));
      await scan("another address");
      await press("Use this address");
      await page.getByRole("heading", { name: "Done" }).waitFor();
      await scan("another address is used");

      await page.goto(`${base}/account`);
      await page.locator("#google-password").fill(PASSWORD);
      await press("Connect Google");
      await page.getByRole("heading", { name: "Connect Google" }).waitFor();
      await scan("on the way to Google");

      const asked = new URLSearchParams({
        response_type: "code",
        client_id: "aspretty-desktop",
        state: "state-12345",
        redirect_uri: "http://127.0.0.1:49152/callback",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
        device_name: "mara-desktop",
      });
      await page.goto(`${base}/oauth/authorize?${asked}`);
      await page.getByRole("heading", { name: "Connect the app" }).waitFor();
      await scan("connect the app");
      asked.set("client_id", "another");
      await page.goto(`${base}/oauth/authorize?${asked}`);
      await scan("an app that is not known");

      await page.goto(`${base}/account`);
      await press("Sign out");
      await page.getByRole("link", { name: "Continue with Google" }).click();
      await page.getByRole("button", { name: /^Ada Sandbox/ }).click();
      await page.getByRole("heading", { name: "Connect Google" }).waitFor();
      await scan("the password that connects Google");
      await page.getByLabel("Password").fill("not the password 12");
      await press("Connect and sign in");
      await refused("the password that connects Google");
      await page.getByLabel("Password").fill(PASSWORD);
      await press("Connect and sign in");
      await page.getByRole("heading", { name: "Your account" }).waitFor();
      await scan("the account, Google connected");
      await press("Sign out");
      await page.getByRole("link", { name: "Continue with Google" }).click();
      await page.getByRole("button", { name: /^Grace Sandbox/ }).click();
      await page.getByRole("heading", { name: "No account yet" }).waitFor();
      await scan("a Google account without an account here");

      await page.goto(`${base}/forgot`);
      await scan("forgot");
      await page.getByLabel("Email").fill("mara@nowhere");
      await press("Send the link");
      await refused("forgot");
      await page.getByLabel("Email").fill("ada.sandbox@gmail.com");
      await press("Send the link");
      await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
      const link = await letter(base, "Set a new password", "/reset");
      await page.goto(link);
      await scan("reset");
      await page.getByLabel("New password").fill("password1");
      await press("Set the password");
      await refused("reset");
      await page.getByLabel("New password").fill("violet ferry 91 thunder");
      await press("Set the password");
      await page.getByRole("heading", { name: "Done" }).waitFor();
      await scan("the password is set");
      await page.goto(link);
      await scan("a link that was used");
      assert.deepEqual(outside, [], "a request went elsewhere");
    } finally {
      await browser.close();
      await close();
    }
  });
}
