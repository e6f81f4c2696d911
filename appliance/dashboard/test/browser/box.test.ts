// Every page of a running box: hil-tests/web/box.sh starts one and sets MOLDSIGHT_BOX (its address) and MOLDSIGHT_SESSION.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { DESKTOP, fits, foreign, launch, open, PANEL, picture, SHOTS, type Language } from "./harness.ts";

const address = process.env["MOLDSIGHT_BOX"];
const session = process.env["MOLDSIGHT_SESSION"] ?? "";
const full = process.env["MOLDSIGHT_HOW"] === "full";
const ROUTES = ["live", "shots", "shots/trends", "shots/control", "whitebox", "corrections", "log", "health", "setup", "users"];
const options = { skip: address === undefined ? "MOLDSIGHT_BOX is not set: hil-tests/web/box.sh starts a box" : false };

let browser: Browser | undefined;
before(async () => {
  if (address === undefined) return;
  browser = await launch();
  console.log(`# pictures in ${SHOTS}`);
});
after(() => browser?.close());

/** A page of the box by somebody who is logged in; what went wrong on the way is kept. */
async function enter(language: Language, size: { width: number; height: number }): Promise<{ page: Page; wrong: string[]; end: () => Promise<void> }> {
  assert.ok(browser !== undefined && address !== undefined);
  const context = await browser.newContext({ viewport: size, locale: language === "ko" ? "ko-KR" : "en-GB" });
  await context.addInitScript({ content: "globalThis.__name = (value) => value;" });
  await context.addInitScript((chosen) => localStorage.setItem("moldsight.language", chosen), language);
  await context.addCookies([{ name: "moldsight_session", value: session, url: address }]);
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  page.on("response", (answer) => {
    if (answer.status() >= 500) wrong.push(`${answer.status()} ${answer.url()}`);
  });
  await page.goto(address);
  await page.locator(".tabs").first().waitFor();
  return { page, wrong, end: () => context.close() };
}

const sizes = full ? { panel: PANEL, desktop: DESKTOP } : { panel: PANEL };
for (const language of ["en", "ko"] as const) {
  for (const [name, size] of Object.entries(sizes)) {
    test(`every page of the box, ${language}, ${name}`, options, async () => {
      const { page, wrong, end } = await enter(language, size);
      const shot = await page.evaluate(async () => {
        const answer = (await (await fetch("/api/v1/shots?limit=1")).json()) as { shots: { shot: number }[] };
        return answer.shots[0]?.shot;
      });
      assert.ok(shot !== undefined, "the box has recorded no shot");
      // What a node calls its channels is nobody's to translate.
      const channels = await page.evaluate(async () => {
        const answer = (await (await fetch("/api/v1/setup")).json()) as { sensors: { channel: string }[] };
        return answer.sensors.map((one) => one.channel);
      });
      for (const route of [...ROUTES, `shots/${shot}`]) {
        await open(page, route);
        await fits(page, `${route} ${language}`);
        assert.deepEqual((await foreign(page, language)).filter((word) => !channels.includes(word)), [], `${route} ${language}`);
        assert.equal(await page.locator(".state.failed").count(), 0, `${route} could not be loaded`);
        if (full) await picture(page, `box-${route.replaceAll("/", "-")}-${language}-${name}`);
      }
      assert.deepEqual(wrong, []);
      await end();
    });
  }
}

test("what the box measures moves on the Live page", options, async () => {
  const { page, wrong, end } = await enter("en", PANEL);
  await open(page, "live");
  const words = (): Promise<string> => page.locator("main").innerText();
  const before = await words();
  await page.waitForFunction((was) => document.querySelector("main")?.innerText !== was, before);
  assert.doesNotMatch(await words(), /NaN|undefined|Infinity/);
  assert.deepEqual(wrong, []);
  await end();
});
