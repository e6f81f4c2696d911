import { rig, visit, enter, open, picture, fits, touchable, DESKTOP } from "./harness.ts";
const r = await rig();
r.box.set({ at: 3.2 });
const routes = process.argv[2]?.split(",") ?? ["live","shots","shots/trends","shots/control","shots/1806","whitebox","corrections","log","health","setup","users"];
const langs = (process.argv[3]?.split(",") ?? ["en","ko"]) as ("en"|"ko")[];
const theme = (process.argv[4] ?? "light") as "light"|"dark";
const size = process.argv[5]==="desktop" ? DESKTOP : undefined;
if (process.argv[6]) r.box.set(JSON.parse(process.argv[6]));
const tag = process.argv[7] ?? "";
for (const language of langs) {
  const v = await visit(r, { language, theme, ...(size?{size}:{}) });
  if (routes.includes("login")) await picture(v.page, `login-${language}${tag}`);
  await enter(v.page);
  await v.page.waitForTimeout(2500);
  for (const route of routes) {
    if (route==="login") continue;
    await open(v.page, route);
    if (route==="live") await v.page.waitForTimeout(1500);
    await picture(v.page, `${route.replace("/", "-")}-${language}${tag}`);
    for (const check of [fits, touchable]) try { await check(v.page, `${route} ${language}`); } catch (e) { console.log((e as Error).message.slice(0, 900)); }
  }
  console.log(v.complaints);
  await v.context.close();
}
console.log("closing"); await r.close(); console.log("closed"); process.exit(0);
