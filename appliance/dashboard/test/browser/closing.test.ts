// Closing the loop on screen: advice with its effect, confirmed or declined; the one key; what-if; every state of the guard, in both languages.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { en } from "../../src/i18n/en.ts";
import { ko } from "../../src/i18n/ko.ts";
import { START, type Scenario } from "../fake-server/scenario.ts";
import { enter, fits, FLAT, open, picture, rig, touchable, visit, type Language, type Rig } from "./harness.ts";

let box: Rig;
before(async () => {
  box = await rig(FLAT);
});
after(() => box.close());
afterEach(() => Promise.all(box.browser.contexts().map((context) => context.close())));

const WORDS: Record<Language, Record<string, string>> = { en, ko };
const CALM = { ...START, at: 3.2 };

const STATES: [string, Partial<Scenario>, string][] = [
  ["waiting", {}, "guard.state.waiting"],
  ["ready", { advice: false }, "guard.state.ready"],
  ["observing", { mode: "observe" }, "guard.state.observing"],
  ["manual", { operating: "manual" }, "guard.not.press_in_automatic"],
  ["lost", { link: "lost" }, "guard.not.link_up"],
  ["edited", { guard: "edited" }, "guard.state.edited"],
  ["off", { guard: "released" }, "guard.state.released"],
  ["let-go", { guard: "released", letGo: "guard.by.not_read_back" }, "guard.by.not_read_back"],
  ["no-press", { press: false, mode: "observe" }, "guard.no_press"],
];

for (const language of ["en", "ko"] as const) {
  const words = WORDS[language];
  test(`every state of the guard has its word, its shape and its sentence, ${language}`, async () => {
    box.box.set(CALM);
    const { page, complaints } = await visit(box, { language, touch: true });
    await enter(page);
    await open(page, "corrections");
    for (const [name, state, key] of STATES) {
      box.box.set({ ...CALM, ...state });
      const panel = page.locator(".guard-panel");
      await panel.getByText(words[key] ?? "?", { exact: true }).waitFor();
      assert.equal(await panel.locator("svg.shape").count(), 1, name);
      assert.equal(await page.getByRole("button", { name: words["live.off"] ?? "" }).count(), state.mode === "observe" || state.guard === "released" ? 0 : 1, name);
      await fits(page, `corrections ${name} ${language}`);
      await touchable(page, `corrections ${name} ${language}`);
      await picture(page, `corrections-${name}-${language}`);
    }
    await open(page, "live");
    for (const [name, state] of STATES.filter(([one]) => ["waiting", "manual", "let-go", "no-press"].includes(one))) {
      box.box.set({ ...CALM, ...state });
      await page.waitForTimeout(2500);
      const over = await page.locator(".live-advice").evaluate((panel_) => panel_.scrollHeight - panel_.clientHeight);
      assert.ok(over <= 1, `live advice ${name} ${language} overflows by ${over}`);
      await picture(page, `live-${name}-${language}`);
    }
    assert.deepEqual(complaints, []);
  });

  test(`what-if moves curves, part and risks, and says when it is out of range, ${language}`, async () => {
    box.box.set(CALM);
    const { page, complaints } = await visit(box, { language, touch: true });
    await enter(page);
    await open(page, "corrections/what-if");
    const weight = page.locator(".what-if-tiles .tile").first();
    await weight.waitFor();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") asked.push(new URL(request.url()).pathname);
    });
    const before = await weight.innerText();
    const stands = await weight.textContent();
    // A finger that moves: many values, one question.
    await page.getByRole("slider", { name: language === "en" ? "Hold pressure" : "보압", exact: true }).evaluate((slider: HTMLInputElement) => {
      for (const value of ["47", "47.5", "48", "48.5"]) {
        slider.value = value;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    await page.waitForFunction((was) => document.querySelector(".what-if-tiles .tile")?.textContent !== was && document.querySelector(".asking") === null, stands);
    assert.notEqual(await weight.innerText(), before);
    assert.equal(asked.length, 1, `a moving finger asked ${asked.length} times`);
        await fits(page, `what-if ${language}`);
    await touchable(page, `what-if ${language}`);
    await picture(page, `what-if-${language}`);
    await page.getByText(words["whatif.in_range"] ?? "?").waitFor();
    const slider = page.getByRole("slider", { name: language === "en" ? "Melt temperature" : "수지 온도" });
    await slider.fill("240");
    await page.locator(".what-if-curves .mark.tone-watch").waitFor();
    await picture(page, `what-if-outside-${language}`);
    await page.getByRole("radio", { name: words["live.temperature"] ?? "?", exact: true }).check();
    await page.waitForTimeout(400);
    await picture(page, `what-if-temperature-${language}`);
    await page.getByRole("button", { name: words["whatif.reset"] ?? "?" }).click();
    await page.getByText(words["whatif.in_range"] ?? "?").waitFor();
    assert.ok(asked.every((one) => one === "/api/v1/what-if"), "nothing else is sent from here");
    assert.deepEqual(complaints, []);
  });

  test(`past decisions open to predicted against seen, ${language}`, async () => {
    box.box.set(CALM);
    const { page, complaints } = await visit(box, { language, touch: true });
    await enter(page);
    await open(page, "corrections/past");
    const lines = page.locator(".decision-line");
    assert.equal(await lines.count(), 25);
    await fits(page, `past ${language}`);
    await touchable(page, `past ${language}`);
    await picture(page, `past-${language}`);
    for (const state of ["in_force", "refused", "withheld", "declined"]) {
      await lines.filter({ hasText: words[`decision.state.${state}`] ?? "?" }).first().click();
      await page.locator(".decision-details").waitFor();
      await fits(page, `past ${state} ${language}`);
      await picture(page, `past-${state}-${language}`);
    }
    await page.getByText(words["corrections.more"] ?? "?", { exact: true }).click();
    await page.waitForFunction(() => document.querySelectorAll(".decision-line").length > 30);
    assert.deepEqual(complaints, []);
  });
}

test("an operator confirms on Live; the effect stood there before, and the rules are one touch away", async () => {
  box.box.set(CALM);
  const { page } = await visit(box);
  await enter(page, "minho");
  const advice = page.locator(".live-advice");
  await advice.getByText("hold pressure").waitFor();
  assert.match(await advice.innerText(), /Predicted: part weight [+\u2212][\d.]+ ± [\d.]+/);
  await advice.getByRole("button", { name: "Why?" }).click();
  await page.locator(".rules li").first().waitFor();
  await page.waitForTimeout(300);
  await picture(page, "live-why-en");
  await page.getByRole("button", { name: "Close" }).click();
  await advice.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("Confirmed: hold pressure").waitFor();
  await page.getByText("Everything is clear").or(page.getByText("Nothing to change")).first().waitFor();
});

test("advice that expired, a press that refuses, and a declined advice say so", async () => {
  box.box.set({ ...CALM, expired: true });
  const { page } = await visit(box);
  await enter(page, "minho");
  await open(page, "corrections");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("This advice no longer waits.").waitFor();
  await picture(page, "corrections-expired-en");

  box.box.set({ expired: false, refuses: "BadOutOfRange: 46.5 MPa" });
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("The press refused: BadOutOfRange: 46.5 MPa").waitFor();

  box.box.set({ advice: true, refuses: null });
  await page.getByRole("button", { name: "Decline" }).click();
  await page.getByLabel("Why not?").fill("dryer first");
  await page.locator("dialog").getByRole("button", { name: "Decline" }).click();
  await page.getByText("Declined. Nothing was written.").waitFor();
});

test("the one key takes it off; an operator cannot put it back, an engineer can", async () => {
  box.box.set(CALM);
  const { page, context } = await visit(box);
  await enter(page, "minho");
  await open(page, "corrections");
  await page.getByRole("button", { name: "All off" }).click();
  await page.getByRole("heading", { name: "Off the press" }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Put back on (Advise)" }).isDisabled());
  await context.close();
  const other = await visit(box);
  await enter(other.page);
  await open(other.page, "corrections");
  await other.page.getByRole("button", { name: "Put back on (Advise)" }).click();
  await other.page.getByRole("heading", { name: "Advice waits" }).waitFor();
});

test("a viewer sees everything and can change nothing", async () => {
  box.box.set(CALM);
  const { page } = await visit(box);
  await enter(page, "sora");
  await open(page, "corrections");
  for (const name of ["Confirm", "Decline", "All off"]) assert.ok(await page.getByRole("button", { name }).isDisabled(), name);
});

test("a certificate is confirmed once, after it was compared; targets are saved", async () => {
  box.box.set(CALM);
  const { page } = await visit(box, { language: "en" });
  await enter(page);
  await open(page, "setup");
  await page.getByText("not confirmed", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Confirm this certificate" }).click();
  await page.getByText("3f5a 09c1 d27e").last().waitFor();
  await picture(page, "setup-pin-en");
  await page.locator("dialog").getByRole("button", { name: "Confirm this certificate" }).click();
  await page.getByText("Certificate confirmed.").waitFor();
  await page.getByText("confirmed", { exact: true }).waitFor();

  const targets = page.locator(".targets li");
  assert.equal(await targets.count(), 2);
  await page.getByLabel("Add a target").selectOption("core_at_ejection");
  assert.equal(await targets.count(), 3);
  const save = page.locator(".target-ends").getByRole("button", { name: "Save" });
  assert.ok(await save.isDisabled(), "a target without a tolerance");
  await targets.last().getByLabel("Tolerance ±").fill("2");
  await save.click();
  await page.getByText("Targets saved.").waitFor();
  await page.locator(".targets").scrollIntoViewIfNeeded();
  await picture(page, "setup-targets-en");
});

for (const language of ["en", "ko"] as const) {
  test(`what was learned is dropped after a question, by an engineer only, ${language}`, async () => {
    box.box.set(CALM);
    const words = WORDS[language];
    const { page, complaints } = await visit(box, { language });
    await enter(page);
    const asked: string[] = [];
    await page.route("**/trust/begin_again", (route) => {
      asked.push(route.request().method());
      return route.fulfill({ status: 204 });
    });
    await open(page, "whitebox");
    const key = page.getByRole("button", { name: words["begin_again.key"] ?? "?" });
    await key.click();
    await page.getByText(words["begin_again.title"] ?? "?").waitFor();
    await fits(page, `begin again ${language}`);
    assert.deepEqual(asked, []);
    await key.last().click();
    await page.getByText(words["begin_again.done"] ?? "?").waitFor();
    assert.deepEqual(asked, ["POST"]);
    assert.deepEqual(complaints, []);
    const other = await visit(box, { language });
    await enter(other.page, "minho");
    await open(other.page, "whitebox");
    assert.equal(await other.page.getByRole("button", { name: words["begin_again.key"] ?? "?" }).count(), 0);
  });
}
