import assert from "node:assert/strict";
import { test } from "node:test";
import { capability, controlLimits, movingRanges, signals } from "../../src/domain/capability.ts";

const near = (got: number | null | undefined, wanted: number, within = 1e-9): void => assert.ok(got !== null && got !== undefined && Math.abs(got - wanted) <= within, `${got} is not ${wanted}`);

// Montgomery, Introduction to Statistical Quality Control, 6th edition, Table 6.6 (costs of mortgage loans), first 20 weeks:
// mean 300.5, mean moving range 7.79, limits 321.22 and 279.78, moving-range limit 25.45.
const LOANS = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304];

test("control limits of the textbook", () => {
  const limits = controlLimits(LOANS);
  assert.ok(limits !== null);
  near(limits.mean, 300.5);
  near(limits.rangeMean, 7.79, 0.005);
  near(limits.upper, 321.22, 0.03);
  near(limits.lower, 279.78, 0.03);
  near(limits.rangeUpper, 25.45, 0.03);
});

test("too few values give no limits", () => {
  assert.equal(controlLimits([1, 2, 3, 4]), null);
  assert.deepEqual(movingRanges([1, 4, 2]), [3, 2]);
});

test("Cp is the width, Cpk the nearer limit", () => {
  const able = capability(10.1, 0.1, 9.4, 10.6);
  near(able?.cp, 2);
  near(able?.cpk, 0.5 / 0.3);
});

test("one limit has no width, none has no capability", () => {
  assert.deepEqual(capability(10, 0.1, null, 10.6)?.cp, null);
  near(capability(10, 0.1, null, 10.6)?.cpk, 2);
  assert.equal(capability(10, 0.1, null, null), null);
  assert.equal(capability(10, 0, 9, 11), null);
});

test("a mean outside the limits has a negative Cpk", () => {
  near(capability(11, 0.5, 8, 10)?.cpk, -2 / 3);
});

test("signals: beyond, nine on one side, six in a row", () => {
  const limits = { mean: 0, lower: -3, upper: 3, sigma: 1, rangeMean: 1, rangeUpper: 3 };
  assert.equal(signals([0.1, -0.1, 3.4], limits).get(2), "beyond");
  const run = signals([-1, 1, 1.2, 1, 1.2, 1, 1.2, 1, 1.2, 1], limits);
  assert.equal(run.get(9), "run");
  assert.equal(run.get(8), undefined);
  const trend = signals([-2, -1.5, -0.5, 0.1, 1, 2], limits);
  assert.equal(trend.get(5), "trend");
  assert.equal(trend.get(4), undefined);
});

test("noise around the mean gives no signal", () => {
  const limits = controlLimits(LOANS);
  assert.ok(limits !== null);
  assert.equal(signals(LOANS, limits).size, 0);
});
