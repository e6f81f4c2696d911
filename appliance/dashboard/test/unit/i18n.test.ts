import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { en } from "../../src/i18n/en.ts";
import { ko } from "../../src/i18n/ko.ts";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));
const english: Record<string, string> = en;
const korean: Record<string, string> = ko;

/** The same in both languages: names of protocols and units, and each language's own name. */
const SAME = new Set(["language.ko", "language.en", "unit.MPa", "unit.bar", "press.port.opcua", "press.port.modbus"]);

test("both languages have the same keys", () => {
  assert.deepEqual(Object.keys(korean).sort(), Object.keys(english).sort());
});

test("no string is empty or left untranslated", () => {
  for (const [key, words] of Object.entries(korean)) {
    assert.notEqual(words.trim(), "", key);
    if (SAME.has(key)) assert.equal(words, english[key], key);
    else assert.match(words, /[가-힣]/, `${key} has no Hangul: ${words}`);
  }
  for (const [key, words] of Object.entries(english)) if (key !== "language.ko") assert.doesNotMatch(words, /[가-힣]/, key);
});

test("both languages fill in the same values", () => {
  const places = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
  for (const key of Object.keys(english)) assert.deepEqual(places(korean[key] ?? ""), places(english[key] ?? ""), key);
});

test("every problem says what happened, what it means and what to do", () => {
  const keys = Object.keys(english).filter((key) => key.startsWith("problem."));
  const names = new Set(keys.map((key) => key.split(".")[1]));
  assert.ok(names.size > 10);
  for (const name of names) for (const part of ["what", "means", "do"]) assert.ok(`problem.${name}.${part}` in english, `problem.${name}.${part}`);
});

test("the plant's words, and no others", () => {
  const all = Object.values(korean).join("\n");
  for (const wrong of ["금형내압", "패킹", "사출기 압력", "V/P"]) assert.ok(!all.includes(wrong), wrong);
  assert.doesNotMatch(Object.values(english).join("\n"), /\bpack(ing)?\b|mould|V\/P/i);
  for (const right of ["보압 절환", "쿠션량", "체크링 누설", "판정 보류", "신뢰 불가", "자동 보정", "원료 로트", "작업자 조치"]) assert.ok(all.includes(right), right);
});

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** Written in the source on purpose: the name of the product, symbols, units. */
const ALLOWED = /^(Moldsight|Cp|Cpk|Hz|ppm|kPa|µm|K|s)$/;

test("no words stand in the markup itself", () => {
  for (const path of files(SOURCE).filter((file) => file.endsWith(".tsx"))) {
    const source = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, words = ""] of source.matchAll(/>([^<>{}=;()]*[A-Za-z가-힣]{2,}[^<>{}=;()]*)<\//g)) assert.match(words.trim(), ALLOWED, `${path}: ${words.trim()}`);
    for (const [, words = ""] of source.matchAll(/\b(?:aria-label|title|label|placeholder|alt)="([^"]*[A-Za-z가-힣]{2,}[^"]*)"/g)) assert.fail(`${path}: ${words}`);
  }
});

test("every key that is used exists, every key of a page is used", () => {
  const source = files(SOURCE)
    .filter((file) => /\.tsx?$/.test(file) && !file.includes("/i18n/"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  for (const [, key = ""] of source.matchAll(/\bt\("([\w.]+)"/g)) assert.ok(key in english, `t("${key}")`);
  const grouped = /^(audit\.action|control\.signal|control\.capable|corrections\.means|corrections\.tab|decision\.state|whitebox\.bands|users\.role_means|log\.kind|label|page|shots\.(table|trends|control)|error)\b/;
  for (const key of Object.keys(english)) {
    const group = key.split(".")[0] ?? "";
    if (!/^(gate|login|password|menu|shell|live|why|shots|trend|control|shot|export|whitebox|corrections|whatif|pin|target|decision|log|health|setup|users|secret|tokens|audit|state|word)$/.test(group) || grouped.test(key)) continue;
    assert.ok(source.includes(`"${key}"`), `${key} is never used`);
  }
});
