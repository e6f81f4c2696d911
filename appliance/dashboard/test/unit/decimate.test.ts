import assert from "node:assert/strict";
import { test } from "node:test";
import { at, extremes } from "../../src/domain/decimate.ts";

test("thinning keeps ends, peaks and order, and keeps to its number", () => {
  const values = Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 300));
  values[4321] = 9;
  values[7777] = -9;
  const kept = extremes(values, 400);
  assert.ok(kept.length <= 400);
  assert.equal(kept[0], 0);
  assert.equal(kept.at(-1), 9999);
  assert.ok(kept.includes(4321) && kept.includes(7777));
  assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => a - b));
});

test("short curves stay whole, gaps do no harm", () => {
  assert.deepEqual(extremes([1, null, 3], 10), [0, 1, 2]);
  const holes = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? null : i));
  assert.ok(extremes(holes, 100).length <= 100);
});

test("a value between points is linear, beside a gap or outside there is none", () => {
  const times = [0, 1, 2, 4];
  const values = [0, 10, null, 30];
  assert.equal(at(times, values, 0.25), 2.5);
  assert.equal(at(times, values, 1), 10);
  assert.equal(at(times, values, 1.5), null);
  assert.equal(at(times, values, 4), 30);
  assert.equal(at(times, values, 4.1), null);
  assert.equal(at([], [], 0), null);
});
