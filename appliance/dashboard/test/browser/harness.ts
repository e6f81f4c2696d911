// A browser, a fake box and the checks every page has to pass.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { en } from "../../src/i18n/en.ts";
import { ko } from "../../src/i18n/ko.ts";
import { FakeBox } from "../fake-server/server.ts";

export type Language = "en" | "ko";
export const PANEL = { width: 1280, height: 800 };
export const DESKTOP = { width: 1920, height: 1080 };

export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** Software WebGL: the pictures must not depend on a graphics card. */
export const FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
/** Where pictures go: MOLDSIGHT_SHOTS, or a new folder that is printed. */
export const SHOTS = process.env["MOLDSIGHT_SHOTS"] ?? mkdtempSync(join(tmpdir(), "moldsight-dashboard-"));

export interface Rig {
  box: FakeBox;
  address: string;
  browser: Browser;
  /** Without WebGL, whose absence three.js complains about. */
  flat: boolean;
  close: () => Promise<void>;
}

/** Where the mold in 3-D is not what is looked at: pictures come faster without. */
export const FLAT = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis"];

export async function launch(flags = FLAGS): Promise<Browser> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install chromium fonts-noto-cjk, or set CHROMIUM`);
  return chromium.launch({ executablePath: CHROMIUM, args: flags });
}

export async function rig(flags = FLAGS): Promise<Rig> {
  assert.ok(existsSync(new URL("../../dist/index.html", import.meta.url)), "dist is missing: npm run build");
  const box = new FakeBox();
  const address = await box.listen();
  const browser = await launch(flags);
  return {
    box,
    address,
    browser,
    flat: flags === FLAT,
    close: async () => {
      await browser.close();
      await box.close();
    },
  };
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the browser complained about, policy violations among them. */
  complaints: string[];
}

interface Wish {
  language?: Language;
  size?: { width: number; height: number };
  theme?: "light" | "dark";
  pressure?: "MPa" | "bar";
  touch?: boolean;
}

export async function visit({ browser, address, flat }: Rig, { language = "en", size = PANEL, theme = "light", pressure = "MPa", touch = false }: Wish = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: size, locale: language === "ko" ? "ko-KR" : "en-GB", timezoneId: "Asia/Seoul", hasTouch: touch });
  // The test runner's compiler names functions with a helper that a page does not have.
  await context.addInitScript({ content: "globalThis.__name = (value) => value;" });
  await context.addInitScript(
    ([chosen, shade, unit]) => {
      localStorage.setItem("moldsight.language", chosen);
      localStorage.setItem("moldsight.theme", shade);
      localStorage.setItem("moldsight.pressure", unit);
    },
    [language, theme, pressure] as const,
  );
  const page = await context.newPage();
  // Pictures are drawn by the processor here, which others may be using.
  page.setDefaultTimeout(90_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused or missing resource is an answer, not a mistake of the page; software WebGL warns about its speed.
    if (flat && message.text().startsWith("THREE.WebGLRenderer")) return;
    if (message.type() === "error" && !/status of 4\d\d|ERR_|net::/.test(message.text())) complaints.push(message.text());
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(address);
  return { context, page, complaints };
}

export const PASSWORDS: Record<string, string> = { jiwoo: "engineer-pass", minho: "operator-pass", sora: "viewer-pass1", newcomer: "first-password" };

export async function enter(page: Page, user = "jiwoo"): Promise<void> {
  await page.locator("input[autocomplete=username]").fill(user);
  await page.locator("input[autocomplete=current-password]").fill(PASSWORDS[user] ?? "");
  await page.locator("button[type=submit]").click();
  await page.locator(user === "newcomer" ? "input[autocomplete=new-password]" : ".tabs").first().waitFor();
}

export async function open(page: Page, route: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${route}`);
  await page.waitForFunction(() => document.querySelector(".state.loading") === null);
  await page.waitForTimeout(450);
}

export const picture = (page: Page, name: string): Promise<Buffer> => page.screenshot({ timeout: 90_000, path: join(SHOTS, `${name}.png`) });

/** English sentences that stand on a Korean page, or the other way round. */
export async function foreign(page: Page, language: Language): Promise<string[]> {
  const text = (await page.locator("#app").innerText()).split("\n");
  const others = new Set<string>(Object.entries(language === "ko" ? en : ko).flatMap(([key, words]) => (words === (language === "ko" ? ko : en)[key as keyof typeof en] || words.includes("{") || words.length < 4 ? [] : [words])));
  return text.map((line) => line.trim()).filter((line) => others.has(line) && line !== "English" && line !== "한국어");
}

/** Nothing is wider than the screen, and no text is cut off by its own box. */
export async function fits(page: Page, where: string): Promise<void> {
  const faults = await page.evaluate(() => {
    const found: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`page is ${document.documentElement.scrollWidth} px wide`);
    const name = (element: Element): string => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} "${(element.textContent ?? "").trim().slice(0, 40)}"`;
    for (const element of document.querySelectorAll("#app *")) {
      if (element.closest(".table-scroll, .unseen, .uplot, .mold-box, .skip, .top-what, .top-user, .readout, .scale-ticks, .reading-name") !== null) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      if (box.right > innerWidth + 1 || box.left < -1) found.push(`${name(element)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)}`);
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== "inline" && !["INPUT", "SELECT", "TEXTAREA", "svg"].includes(element.tagName)) found.push(`${name(element)} holds ${element.scrollWidth} px in ${element.clientWidth}`);
    }
    return found;
  });
  assert.deepEqual(faults, [], `${where} does not fit`);
}

/** Everything to be touched is at least 44 px high, and wide unless it stands in a line of text. */
export async function touchable(page: Page, where: string): Promise<void> {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("#app button, #app .button, #app select, #app .tabs a, #app .segmented label, #app .switch, #app .field input, #app input[type=range], #app .defects label")]
      .filter((element) => element.offsetParent !== null && !element.classList.contains("unseen"))
      .map((element) => ({ box: element.getBoundingClientRect(), words: element.textContent ?? "" }))
      .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
      .map(({ box, words }) => `"${words.slice(0, 30)}" ${Math.round(box.width)} x ${Math.round(box.height)}`),
  );
  assert.deepEqual(small, [], `${where} has small targets`);
}
