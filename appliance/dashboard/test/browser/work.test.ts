// What people do: log in, lose the connection, write a defect with gloves on, change limits, all of it by keyboard too.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { START } from "../fake-server/scenario.ts";
import { enter, fits, open, picture, rig, visit, type Rig } from "./harness.ts";

let box: Rig;
before(async () => {
  box = await rig();
});
after(() => box.close());
beforeEach(() => box.box.set({ ...START, at: 3.2 }));
// A test that failed must not leave its page drawing beside the next one.
afterEach(() => Promise.all(box.browser.contexts().map((context) => context.close())));

test("a wrong password is refused in words; a first password must be replaced; the way out works", async () => {
  const { context, page } = await visit(box);
  await page.getByLabel("User").fill("jiwoo");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("User or password is wrong.").waitFor();
  assert.equal(await page.getByLabel("Password").inputValue(), "");

  await enter(page, "newcomer");
  await page.getByText("Choose your own password").waitFor();
  await picture(page, "password-en");
  await page.getByLabel("Current password").fill("first-password");
  await page.getByLabel("New password", { exact: true }).fill("short");
  await page.getByText("Too short").waitFor();
  await page.getByLabel("New password", { exact: true }).fill("a longer password");
  await page.getByLabel("New password, again").fill("a longer passwort");
  await page.getByText("The two are not the same.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Save password" }).isDisabled());
  await page.getByLabel("New password, again").fill("a longer password");
  await page.getByRole("button", { name: "Save password" }).click();
  await page.locator(".tabs").waitFor();

  await page.locator(".top-user").click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await context.close();
});

test("a lost connection is seen at once, ages, and heals by itself", async () => {
  const { context, page } = await visit(box);
  await enter(page);
  await page.locator(".live").waitFor();
  await page.waitForTimeout(800);
  box.box.set({ away: true });
  await page.locator(".connection").waitFor();
  await page.waitForFunction(() => /\b[3-9] s old/.test(document.querySelector(".connection")?.textContent ?? ""));
  assert.ok((await page.locator(".live-curves.old, .live-verdict.old").count()) === 2);
  await page.locator(".quantity.old .age").first().waitFor();
  await fits(page, "live without connection");
  await picture(page, "live-lost");
  box.box.set({ away: false });
  await page.locator(".connection").waitFor({ state: "detached", timeout: 15_000 });
  assert.equal(await page.locator(".live-curves.old").count(), 0);
  await context.close();
});

test("a box that is away at the start says so and comes in by itself", async () => {
  const { context, page } = await visit(box);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await page.route("**/api/v1/session", (route) => route.abort());
  await page.reload();
  await page.getByText("The box does not answer").waitFor();
  await page.unroute("**/api/v1/session");
  await page.getByRole("heading", { name: "Log in" }).waitFor({ timeout: 10_000 });
  await context.close();
});

test("a session ended elsewhere leads back to the login", async () => {
  const { context, page } = await visit(box);
  await enter(page);
  box.box.people.sessions.clear();
  await open(page, "shots").catch(() => undefined);
  await page.getByText("Your session has ended.").waitFor();
  await context.close();
});

test("a defect with a photo, by touch", async () => {
  const { context, page } = await visit(box, { language: "ko", touch: true });
  await enter(page, "minho");
  await page.locator(".tabs a").nth(4).tap();
  await page.locator(".defects label", { hasText: "플래시(버)" }).tap();
  await page.locator("textarea").fill("게이트 쪽 파팅 라인");
  // One red pixel.
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");
  await page.locator(".entry-form input[type=file]").setInputFiles({ name: "defect.png", mimeType: "image/png", buffer: pixel });
  await page.locator(".photo-chosen img").waitFor();
  await page.getByRole("button", { name: "기록하기" }).tap();
  await page.getByText("기록했습니다.").waitFor();
  const first = page.locator(".entry").first();
  await first.getByText("게이트 쪽 파팅 라인").waitFor();
  assert.match(await first.innerText(), /플래시\(버\)\s+샷 1842[\s\S]*게이트 쪽 파팅 라인/);
  await first.locator(".thumb").tap();
  await page.locator("dialog .photo").waitFor();
  assert.equal(await page.locator("dialog .photo").evaluate((image: HTMLImageElement) => image.naturalWidth), 1);
  await picture(page, "log-photo-ko");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  // A file that is no picture is refused in words, and nothing is sent.
  await page.locator(".entry-form input[type=file]").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await page.getByText("사진 파일이 아닙니다.").waitFor();
  await context.close();
});

test("shots are filtered, opened, and scrubbed by slider, arrow keys and finger", async () => {
  const { context, page, complaints } = await visit(box);
  await enter(page);
  await open(page, "shots");
  await page.getByLabel("Material lot").fill("2411-2");
  await page.waitForFunction(() => [...document.querySelectorAll("tbody tr")].length > 0 && [...document.querySelectorAll("td.lot")].every((cell) => (cell.textContent ?? "").startsWith("2411-2")));
  await page.getByRole("button", { name: "Older shots" }).click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length > 60);
  await page.locator("tbody tr a").first().click();
  await page.getByRole("heading", { name: "Shot 1803" }).waitFor();
  const slider = page.locator("input[type=range]");
  await slider.focus();
  const before = await page.locator(".scrub output").innerText();
  for (let i = 0; i < 20; i += 1) await page.keyboard.press("ArrowRight");
  const later = await page.locator(".scrub output").innerText();
  assert.ok(parseFloat(later) > parseFloat(before) + 0.2, `${before} to ${later}`);
  const over = page.locator(".u-over");
  const area = await over.boundingBox();
  assert.ok(area !== null);
  await page.mouse.click(area.x + area.width * 0.5, area.y + 40);
  const middle = parseFloat(await page.locator(".scrub output").innerText());
  assert.ok(middle > 6.5 && middle < 9, `the middle of the picture is ${middle} s`);
  assert.match(await page.locator(".moment").innerText(), /p3[\s\S]*±/);

  await page.getByRole("button", { name: "Make reference" }).click();
  await page.getByText("Shot 1803 is now the reference.").waitFor();
  await page.getByLabel("Value").fill("11.63");
  await page.locator(".label-form button").click();
  await page.getByText("Value saved.").waitFor();
  await page.getByLabel("Shot after").click();
  await page.getByRole("heading", { name: "Shot 1804" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("limits are edited in the reader's unit and sent in the box's", async () => {
  const { context, page } = await visit(box);
  await enter(page);
  await open(page, "setup");
  const lower = page.locator(".limits li").first().getByLabel("Lower");
  assert.equal(await lower.inputValue(), "11.55");
  await lower.fill("11.6");
  await page.locator(".limits li").nth(1).getByLabel("Upper").fill("10");
  await page.getByText("Must be above the lower limit.").waitFor();
  await page.locator(".limits li").nth(1).getByLabel("Upper").fill("47.5");
  await page.getByLabel("Sensor fed by screw_position").selectOption("p1");
  assert.equal(await page.getByText("Two channels feed this sensor.").count(), 2);
  await page.getByLabel("Sensor fed by screw_position").selectOption("");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("A change takes effect after the next restart").waitFor();
  const { limits } = box.box.people.setup;
  assert.ok(Math.abs((limits[0]?.lower ?? 0) - 0.0116) < 1e-12);
  assert.ok(Math.abs((limits[1]?.upper ?? 0) - 47.5e6) < 1e-3);
  await page.locator("input[accept='.zip,.tar']").setInputFiles({ name: "bad.zip", mimeType: "application/zip", buffer: Buffer.from("nothing") });
  await page.getByText("The box refused a value: `release`: has no model.toml").waitFor();
  await page.locator("input[accept='.zip,.tar']").setInputFiles({ name: "disc.tar", mimeType: "application/x-tar", buffer: Buffer.from("disc-001/model.toml") });
  await page.getByText("disc-001").waitFor();
  await context.close();
});

test("accounts and tokens: secrets are shown once; the box is taken off the press", async () => {
  const { context, page, complaints } = await visit(box);
  await enter(page);
  await open(page, "users");
  await page.getByRole("button", { name: "Add account" }).click();
  await page.locator("dialog").getByLabel("User").fill("hana");
  await page.locator("dialog").getByRole("button", { name: "Add account" }).click();
  await page.getByText("plate-otter-lagoon-41").waitFor();
  await picture(page, "users-password");
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal(await page.getByText("plate-otter-lagoon-41").count(), 0);
  await page.getByText("hana", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Make token" }).click();
  await page.getByLabel("What for").fill("scraper");
  await page.locator("dialog").getByRole("button", { name: "Make token" }).click();
  await page.getByText("ms_7Qm2xV9dKc4TzP1sLr8wYb3").waitFor();
  await page.getByRole("button", { name: "Close" }).click();

  await open(page, "live");
  await page.getByRole("button", { name: "Why?" }).click();
  await page.getByText("The melt has become stiffer").waitFor();
  await picture(page, "live-why");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "All off" }).click();
  await page.getByText("The box is off the press.").waitFor();
  await page.getByText("Somebody took the box off the press.").waitFor();
  assert.equal(box.box.scenario.guard, "released");
  await open(page, "corrections");
  await page.getByRole("button", { name: "Change to Advise" }).click();
  await page.locator("dialog").getByRole("button", { name: "Change to Advise" }).click();
  await page.getByText("Mode is now Advise.").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a viewer looks and cannot touch", async () => {
  const { context, page } = await visit(box);
  await enter(page, "sora");
  assert.equal(await page.locator(".tabs a").count(), 7);
  await open(page, "users");
  await page.getByText("shown to engineers only").waitFor();
  await open(page, "log");
  assert.equal(await page.locator(".entry-form").count(), 0);
  await open(page, "setup");
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  assert.ok(await page.getByLabel("Material card").isDisabled());
  await open(page, "live");
  assert.equal(await page.getByRole("button", { name: "All off" }).count(), 0);
  await context.close();
});

test("problems come first, each with what it means and what to do", async () => {
  const now = Date.now();
  box.box.set({
    silent: "p1",
    problems: [
      { key: "problem.disk_full", subject: "/var/lib/moldsight", severity: "fault", since_ms: now - 60e3 },
      { key: "sensor_silent", subject: "p1", severity: "warning", since_ms: now - 600e3 },
      { key: "from_the_future", subject: "x9", severity: "note", since_ms: now },
    ],
  });
  for (const language of ["en", "ko"] as const) {
    const { context, page } = await visit(box, { language });
    await enter(page);
    await open(page, "health");
    const problems = await page.locator(".problem").allInnerTexts();
    assert.equal(problems.length, 3);
    assert.match(problems[0] ?? "", language === "ko" ? /가득 찼습니다[\s\S]*기록되지 않습니다[\s\S]*조치/ : /is full[\s\S]*not recorded[\s\S]*What to do/);
    assert.match(problems[2] ?? "", /from the future: x9/i);
    await fits(page, `health with problems ${language}`);
    await picture(page, `health-problems-${language}`);
    await context.close();
  }
});

test("everything by keyboard: skip link, tabs, choices, dialog", async () => {
  const { context, page } = await visit(box);
  await enter(page);
  await page.locator(".live").waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the page");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  assert.match(await page.evaluate(() => location.hash), /^(#\/live|)$/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector(".mold-tools .chosen")?.textContent === "Temperature");
  await page.locator(".tabs a").nth(5).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Health", exact: true }).waitFor();
  await page.locator(".top-user").focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await page.locator("label", { hasText: "Night" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.locator("label", { hasText: /^bar$/ }).click();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => localStorage.getItem("moldsight.pressure")), "bar");
  await context.close();
});

test("the language changes every word without a reload, and stays", async () => {
  const { context, page } = await visit(box);
  await enter(page);
  await page.locator(".live").waitFor();
  await page.locator("label", { hasText: "한국어" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  assert.deepEqual(await page.locator(".tabs a").allInnerTexts(), ["실시간", "샷", "화이트박스", "보정", "일지", "상태", "설정", "사용자"]);
  assert.equal(await page.evaluate(() => localStorage.getItem("moldsight.language")), "ko");
  await context.close();
});

test("nothing is fetched from elsewhere", async () => {
  const { context, page } = await visit(box);
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(box.address) && !request.url().startsWith("blob:")) elsewhere.push(request.url());
  });
  await page.reload();
  await enter(page);
  for (const route of ["live", "shots", "whitebox"]) await open(page, route);
  assert.deepEqual(elsewhere, []);
  await context.close();
});

test("hours open: neither the heap nor the page grows while shots run", async () => {
  box.box.set({ at: null });
  const { context, page } = await visit(box);
  await enter(page);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const measure = async (): Promise<{ heap: number; nodes: number }> => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const read = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
    return { heap: read("JSHeapUsedSize") / 2 ** 20, nodes: read("Nodes") };
  };
  // One shot to warm up, then several, with a walk over the pages between.
  await page.waitForTimeout(20_000);
  const before = await measure();
  for (let round = 0; round < 3; round += 1) {
    for (const route of ["shots", "whitebox", "shots/1806", "health", "live"]) await open(page, route);
    await page.waitForTimeout(6000);
  }
  const later = await measure();
  console.log(`# heap ${before.heap.toFixed(1)} to ${later.heap.toFixed(1)} MiB, nodes ${before.nodes} to ${later.nodes}`);
  assert.ok(later.heap < before.heap + 4, `heap grew from ${before.heap} to ${later.heap} MiB`);
  assert.ok(later.nodes < before.nodes * 1.5 + 300, `nodes grew from ${before.nodes} to ${later.nodes}`);
  await context.close();
});
