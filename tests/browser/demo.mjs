// The UI's demo, served from this machine, and a browser for its scenes: every state of the hosted service without one.
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join, normalize, resolve } from "node:path";

import { chromium } from "playwright-core";

import { BROWSERS } from "./host.mjs";

const FILES = resolve(import.meta.dirname, "../../ui/dist-demo");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".jpg": "image/jpeg", ".svg": "image/svg+xml" };

/** Why the tests cannot run here; null when they can. */
export function missingDemo() {
  if (!BROWSERS.some((path) => existsSync(path))) return "no Chromium is installed";
  if (!existsSync(join(FILES, "index.html"))) return "the demo is not built (`npm --prefix ui run build:demo`)";
  return null;
}

function serve() {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://demo").pathname));
    const file = join(FILES, path === "/" ? "index.html" : path);
    if (!file.startsWith(FILES) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server)));
}

/** A browser for the demo; `show` opens a scene in a page of its own, `close` ends everything. */
export async function openDemo() {
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: BROWSERS.find((path) => existsSync(path)), args: ["--no-sandbox", "--force-color-profile=srgb"] });
  const show = async (query, { colorScheme = "dark", width = 1440, height = 900 } = {}) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) faults.push(`asks ${request.url()}`);
    });
    await page.goto(`${origin}/?fake&scene=studio&${query}`);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    return { page, faults, leave: () => context.close() };
  };
  const close = async () => {
    await browser.close();
    await new Promise((done) => server.close(done));
  };
  return { show, close };
}
