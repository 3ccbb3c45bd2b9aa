// The UI in a real browser with the real engine: empty, a photo, its result, compared; nothing that axe objects to, in dark and in light.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";

import { drop, missing, open, SAMPLE, skipped } from "./host.mjs";

const PICTURES = resolve(import.meta.dirname, "../../target/screenshots");
const LONG = 240_000;

const reason = missing();
if (reason) skipped("the UI in Chromium", reason);

async function accessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const found = violations.map((each) => `${each.id}: ${each.help} (${each.nodes.map((node) => node.target.join(" ")).join("; ")})`);
  assert.deepEqual(found, [], `axe objects to ${where}`);
}

async function keep(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `browser-${name}.png`) });
}

for (const colorScheme of ["dark", "light"]) {
  test(`empty, a photo, its result, compared: ${colorScheme}`, { skip: reason ?? false, timeout: 2 * LONG }, async () => {
    const { page, folder, faults, outside, close } = await open({ colorScheme });
    try {
      page.setDefaultTimeout(LONG);
      await page.getByRole("heading", { name: "Drop photos here" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), colorScheme);
      await accessible(page, `the empty window, ${colorScheme}`);

      const photo = join(folder, "a lake.jpg");
      copyFileSync(SAMPLE, photo);
      const broken = join(folder, "broken.jpg");
      writeFileSync(broken, "not a photo");
      await drop(page, [photo, broken]);
      await page.getByText("a lake", { exact: false }).first().waitFor();
      await page.getByText(/Found|Nothing stands out/).first().waitFor();
      await accessible(page, `the studio, ${colorScheme}`);

      await page.keyboard.press("Control+Enter");
      await page.getByText(/^Done ·/).first().waitFor();
      assert.ok(existsSync(join(folder, "a lake-enhanced.jpg")), "the result is beside the photo");
      const slider = page.getByRole("slider", { name: "Before and after" });
      const before = await slider.getAttribute("aria-valuenow");
      await slider.focus();
      await page.keyboard.press("ArrowLeft");
      assert.notEqual(await slider.getAttribute("aria-valuenow"), before, "the slider listens to the arrow keys");
      await accessible(page, `a result, ${colorScheme}`);
      await keep(page, `done-${colorScheme}`);

      for (const name of ["Queue", "Settings"]) {
        await page.getByRole("navigation", { name: "Main" }).getByRole("button", { name }).click();
        await page.getByRole("heading", { name }).first().waitFor();
        await accessible(page, `${name}, ${colorScheme}`);
      }
      assert.deepEqual(outside, [], "the page asks nobody else for anything");
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });
}
