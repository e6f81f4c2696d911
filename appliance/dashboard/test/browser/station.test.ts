// The same pages on the box's own server: what Rust sends is what they read. Needs the station in memory:
// cargo build --release -p appliance-web --example serve
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { CHROMIUM, fits, FLAT, open, PANEL, picture } from "./harness.ts";

const SERVE = fileURLToPath(new URL("../../../../target/release/examples/serve", import.meta.url));
const skip = existsSync(SERVE) ? false : `${SERVE} is not built`;

let browser: Browser;
before(async () => {
  if (skip === false) browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAT });
});
after(() => browser?.close());

/** Starts the station; gives its address and how to end it. */
async function serve(...words: string[]): Promise<{ address: string; station: ChildProcess }> {
  const station = spawn(SERVE, ["127.0.0.1:0", ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of station.stdout) {
    said += String(chunk);
    const found = /^(http:\S+)\s+one-time/m.exec(said)?.[1];
    if (found !== undefined) return { address: new URL(found).origin, station };
  }
  throw new Error(`the station ended: ${said}`);
}

async function enter(address: string, language: string): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: PANEL });
  await context.addInitScript({ content: `globalThis.__name = (value) => value; localStorage.setItem("moldsight.language", "${language}");` });
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  await page.locator("input[autocomplete=username]").fill("engineer");
  await page.locator("input[autocomplete=current-password]").fill("press-and-mold");
  await page.locator("button[type=submit]").click();
  await page.locator(".tabs").waitFor();
  return { page, complaints };
}

test("advice of the real server is shown, confirmed and found among the past", { skip }, async () => {
  const { address, station } = await serve();
  try {
    const { page, complaints } = await enter(address, "en");
    await open(page, "corrections");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Confirmed: hold pressure").waitFor();
    await fits(page, "corrections of the real server");
    await picture(page, "box-corrections-en");
    await open(page, "corrections/what-if");
    await page.locator(".risks li").first().waitFor();
    assert.equal(await page.locator(".risks li").count(), 5);
    await picture(page, "box-what-if-en");
    await open(page, "corrections/past");
    await page.locator(".decision-line").filter({ hasText: "engineer confirmed" }).first().click();
    await page.locator(".decision-details").waitFor();
    await picture(page, "box-past-en");
    for (const route of ["setup", "health", "live"]) {
      await open(page, route);
      await page.waitForTimeout(500);
      await fits(page, `${route} of the real server`);
      await picture(page, `box-${route}-en`);
    }
    assert.deepEqual(complaints, []);
  } finally {
    station.kill();
  }
});

test("without a press the pages say so, in Korean", { skip }, async () => {
  const { address, station } = await serve("no-press");
  try {
    const { page, complaints } = await enter(address, "ko");
    for (const route of ["corrections", "corrections/what-if", "corrections/past", "setup", "health"]) {
      await open(page, route);
      await page.waitForTimeout(400);
      await fits(page, `${route} without a press`);
      await picture(page, `box-no-press-${route.replace("/", "-")}-ko`);
    }
    assert.deepEqual(complaints, []);
  } finally {
    station.kill();
  }
});
