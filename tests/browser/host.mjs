// The studio with the real engine, served to a browser on this machine; and a browser for it.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAMS = process.env.PRETTY_PROGRAMS ?? join(ROOT, "target/debug");
export const BROWSERS = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];

export const SAMPLE = join(ROOT, "src-tauri/resources/sample.jpg");

/** Why the tests cannot run here; null when they can. */
export function missing() {
  if (!BROWSERS.some((path) => existsSync(path))) return "no Chromium is installed";
  if (!existsSync(join(ROOT, "ui/dist/index.html"))) return "the UI is not built (`npm --prefix ui run build`)";
  return null;
}

/** Says so where `cargo xtask test` lists what was skipped. */
export function skipped(test, reason) {
  const log = process.env.PRETTY_SKIPPED_TESTS;
  if (log) appendFileSync(log, `${test}: ${reason}\n`);
}

/** A studio of its own and a browser that shows it; `close` ends both and removes what they kept. */
export async function open({ colorScheme }) {
  const folder = mkdtempSync(join(tmpdir(), "pretty-browser-"));
  const equipped = {
    ...process.env,
    PRETTY_ONNXRUNTIME: process.env.PRETTY_ONNXRUNTIME ?? join(ROOT, "target/runtime/libonnxruntime.so.1"),
    PRETTY_MODELS: join(ROOT, "models"),
  };
  const host = spawn(join(PROGRAMS, "pretty-browser-host"), ["--data", join(folder, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: equipped,
  });
  const address = await new Promise((found, failed) => {
    host.once("error", failed);
    host.once("exit", (code) => failed(new Error(`the host ended with ${code}`)));
    createInterface(host.stdout).once("line", found);
  });
  const browser = await chromium.launch({
    executablePath: BROWSERS.find((path) => existsSync(path)),
    args: ["--no-sandbox", "--force-color-profile=srgb"],
  });
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  const faults = [];
  const outside = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  // A browser asks for an icon by itself; that the UI has none is no fault of the page.
  const own = (url) => new URL(url).pathname !== "/favicon.ico";
  page.on("console", (message) => message.type() === "error" && own(message.location().url || "about:blank") && faults.push(`${message.text()} ${message.location().url}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== new URL(address).origin) outside.push(request.url());
  });
  await page.goto(address);
  const close = async () => {
    await browser.close();
    host.removeAllListeners("exit");
    const ended = new Promise((done) => host.once("exit", done));
    host.kill("SIGINT");
    await Promise.race([ended, new Promise((done) => setTimeout(done, 5000))]);
    host.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  return { page, folder, faults, outside, close };
}

/** Drops files on the window, as the browser's stand-in for the shell does. */
export function drop(page, paths) {
  return page.evaluate((paths) => window.dispatchEvent(new CustomEvent("pretty-drop", { detail: { kind: "drop", paths } })), paths);
}
