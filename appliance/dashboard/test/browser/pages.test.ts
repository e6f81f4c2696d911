// Every page in both languages, on the panel, on a desktop, by day and by night: fits, can be touched, says nothing untranslated.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { DESKTOP, enter, fits, foreign, open, PANEL, picture, rig, SHOTS, touchable, visit, type Language, type Rig } from "./harness.ts";

const ROUTES = ["live", "shots", "shots/trends", "shots/control", "shots/1806", "whitebox", "corrections", "log", "health", "setup", "users"];
const LANGUAGES: Language[] = ["en", "ko"];

let box: Rig;
before(async () => {
  box = await rig();
  console.log(`# pictures in ${SHOTS}`);
});
after(() => box.close());
// A test that failed must not leave its page drawing beside the next one.
afterEach(() => Promise.all(box.browser.contexts().map((context) => context.close())));

for (const language of LANGUAGES) {
  test(`every page on the panel, ${language}`, async () => {
    box.box.set({ at: 3.2 });
    const { context, page, complaints } = await visit(box, { language, touch: true });
    assert.equal(await page.locator("html").getAttribute("lang"), language);
    await fits(page, "login");
    await touchable(page, "login");
    await picture(page, `login-${language}`);
    await enter(page);
    for (const route of ROUTES) {
      await open(page, route);
      await fits(page, `${route} ${language}`);
      await touchable(page, `${route} ${language}`);
      assert.deepEqual(await foreign(page, language), [], `${route} ${language}`);
      await picture(page, `${route.replace("/", "-")}-${language}`);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("Live fits the panel without scrolling, running, in every state", async () => {
  const states = [
    { at: 0.4, trust: "trusted" },
    { at: 5, trust: "watch", verdict: "reject" },
    { at: 1.1, trust: "not_trusted", verdict: "uncertain", silent: "p1", source: "witness" },
    { at: -1, trust: "learning", empty: true, noSensors: true, mode: "observe", press: false },
  ] as const;
  for (const language of LANGUAGES) {
    const { context, page, complaints } = await visit(box, { language });
    await enter(page);
    for (const [i, state] of states.entries()) {
      box.box.set({ source: "network", silent: null, verdict: null, empty: false, noSensors: false, mode: "advise", press: true, ...state });
      await page.reload();
      await page.locator(".live").waitFor();
      await page.waitForTimeout(1200);
      const scroll = await page.locator("main").evaluate((main) => [main.scrollHeight - main.clientHeight, ...[...main.querySelectorAll(".panel, .live-verdict")].map((panel) => panel.scrollHeight - panel.clientHeight)]);
      assert.ok(scroll.every((over) => over <= 1), `state ${i} ${language} overflows by ${scroll.join()}`);
      await fits(page, `live state ${i} ${language}`);
      assert.deepEqual(await foreign(page, language), []);
      await picture(page, `live-state${i}-${language}`);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  }
  box.box.set({ source: "network", silent: null, verdict: null, empty: false, noSensors: false, mode: "advise", press: true, trust: "trusted", at: 3.2 });
});

test("desktop by night, in bar", async () => {
  const { context, page, complaints } = await visit(box, { language: "en", size: DESKTOP, theme: "dark", pressure: "bar" });
  await enter(page);
  for (const route of ["live", "shots/1806", "whitebox", "setup"]) {
    await open(page, route);
    await fits(page, `${route} desktop`);
    await picture(page, `${route.replace("/", "-")}-desktop-night`);
    const text = await page.locator("main").innerText();
    assert.match(text, /\bbar\b/, `${route} shows bar`);
    assert.doesNotMatch(text, /MPa/, `${route} still shows MPa`);
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a phone in the hand scrolls, but never sideways", async () => {
  const { context, page } = await visit(box, { language: "ko", size: { width: 430, height: 900 }, touch: true });
  await enter(page);
  for (const route of ["live", "shots", "log", "health", "setup"]) {
    await open(page, route);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${route} is ${wide} px too wide`);
    await picture(page, `${route}-phone`);
  }
  await context.close();
});

test("empty box: every page says what will be there", async () => {
  box.box.set({ empty: true });
  const { context, page } = await visit(box, { size: PANEL });
  await enter(page);
  for (const route of ["shots", "shots/trends", "shots/control", "shots/1700", "whitebox", "log"]) {
    await open(page, route);
    assert.ok((await page.locator(".state.empty h3, .state.failed p").count()) > 0, `${route} has no designed empty state`);
    await fits(page, `${route} empty`);
    await picture(page, `${route.replace("/", "-")}-empty`);
  }
  box.box.set({ empty: false });
  await context.close();
});
