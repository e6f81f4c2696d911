import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decisionTone, grouped, guardTone, hourShare, secondsLeft, sliderStep } from "../../src/domain/guard.ts";
import { en } from "../../src/i18n/en.ts";

test("a guard that may write is good only while no rule stands in the way", () => {
  assert.equal(guardTone({ state: "ready", reason: "guard.by.armed" }), "good");
  assert.equal(guardTone({ state: "ready", reason: "guard.not.setpoints_released" }), "watch");
  assert.equal(guardTone({ state: "holding", reason: "guard.not.link_up" }), "watch");
  assert.equal(guardTone({ state: "none", reason: "guard.no_press" }), "quiet");
});

test("taken off on purpose is no fault, letting go because of the press is", () => {
  assert.equal(guardTone({ state: "released", reason: "guard.by.taken_off" }), "quiet");
  for (const why of ["not_read_back", "write_refused", "timed_out"]) assert.equal(guardTone({ state: "released", reason: `guard.by.${why}` }), "bad", why);
});

test("what a press or a rule refused never looks like what is in force", () => {
  assert.equal(decisionTone("in_force"), "good");
  for (const state of ["refused", "differs", "withheld", "declined", "expired", "written", "waiting"] as const) assert.notEqual(decisionTone(state), "good", state);
});

test("time to answer counts by the clock of the box and ends at nothing", () => {
  assert.equal(secondsLeft(61_000, 1_000), 60);
  assert.equal(secondsLeft(1_000, 61_000), 0);
  assert.equal(secondsLeft(null, 0), null);
});

test("sliders move in round steps of the reader's unit", () => {
  assert.equal(sliderStep(36, 54), 0.5);
  assert.equal(sliderStep(360, 540), 5);
  assert.ok(Math.abs(sliderStep(11, 12.2) - 0.02) < 1e-12);
  assert.equal(sliderStep(5, 5), 1);
});

test("the share of an hour stays between nothing and all", () => {
  assert.equal(hourShare({ used_hour: 3e6, per_hour: 6e6 }), 0.5);
  assert.equal(hourShare({ used_hour: 9e6, per_hour: 6e6 }), 1);
  assert.equal(hourShare({ used_hour: 0, per_hour: null }), null);
});

test("a thumbprint is read in groups of four", () => {
  assert.equal(grouped("3F5A09C1"), "3f5a 09c1");
});

test("every state of the guard that the box can send has its word", () => {
  const source = readFileSync(new URL("../../../web/src/view/correction.rs", import.meta.url), "utf8");
  const list = /GUARD_STATES[^=]*=\s*\[([^\]]*)\]/.exec(source)?.[1] ?? "";
  const states = [...list.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? "");
  assert.ok(states.length >= 9);
  for (const state of states) assert.ok(`guard.state.${state}` in en, state);
});

test("every way a decision can end has its word", () => {
  const source = readFileSync(new URL("../../../web/src/view/correction.rs", import.meta.url), "utf8");
  const body = /enum DecisionState \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? "";
  const states = [...body.matchAll(/^ {4}(\w+),/gm)].map((match) => (match[1] ?? "").replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase());
  assert.ok(states.length >= 8);
  for (const state of states) assert.ok(`decision.state.${state}` in en, state);
});
