import assert from "node:assert/strict";
import { test } from "node:test";
import { colour, roundTicks, roundUp } from "../../src/domain/colormap.ts";
import { caps, extent, frameOf, joints, meanAt, thickening } from "../../src/mold/frame.ts";
import { MOLD } from "../fake-server/plate.ts";

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

test("a frame has three right angles and the sizes of the node", () => {
  const plate = MOLD.nodes.find((node) => node.element === "plate");
  assert.ok(plate !== undefined);
  const { along, across, up, round } = frameOf(plate, 3);
  for (const [a, b] of [
    [along, across],
    [across, up],
    [up, along],
  ] as const)
    assert.ok(Math.abs(dot(a, b)) < 1e-15);
  assert.ok(Math.abs(Math.hypot(...across) - 0.04) < 1e-12);
  assert.ok(Math.abs(Math.hypot(...up) - 0.0075) < 1e-12);
  assert.equal(round, false);
});

test("a channel straight up has a frame too", () => {
  const { across } = frameOf({ from_m: [0, 0, 0], to_m: [0, 0, 0.05], width_m: 0, gap_m: 0.005, element: "sprue" }, 1);
  assert.ok(Math.abs(Math.hypot(...across) - 0.005) < 1e-12);
});

test("nodes are joined where they meet; faces show at ends and steps only", () => {
  const meet = joints(MOLD);
  assert.deepEqual(meet.begin[0], [0]);
  assert.deepEqual(meet.end[0], [0, 1]);
  assert.deepEqual(caps(MOLD, meet, 0), [1, 0]);
  const step = MOLD.nodes.findIndex((node) => node.element === "plate_end");
  assert.deepEqual(caps(MOLD, meet, step), [1, 0]);
  assert.equal(caps(MOLD, meet, MOLD.nodes.length - 1)[1], 1);
});

test("a value at a joint leaves out what the melt has not reached", () => {
  assert.equal(meanAt([0, 1], [10, 20], [1, 1], 0), 15);
  assert.equal(meanAt([0, 1], [10, 20], [1, 0], 0), 10);
  assert.equal(meanAt([1], [10, 20], [1, 0], 7), 7);
});

test("thin walls are drawn thicker, not more than threefold", () => {
  assert.equal(thickening(MOLD), 3);
  assert.ok(extent(MOLD).size > 0.18);
});

test("scales end at round numbers and maps at their ends", () => {
  assert.equal(roundUp(58.9e6), 60e6);
  assert.equal(roundUp(0), 1);
  assert.deepEqual(roundTicks(0, 60), [0, 10, 20, 30, 40, 50, 60]);
  assert.deepEqual(colour("pressure", 0), [0x44, 0x01, 0x54]);
  assert.deepEqual(colour("pressure", 5), [0xfd, 0xe7, 0x25]);
});
