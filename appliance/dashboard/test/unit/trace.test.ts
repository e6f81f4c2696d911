import assert from "node:assert/strict";
import { test } from "node:test";
import { liveCurves } from "../../src/charts/curve-data.ts";
import { shownAs } from "../../src/domain/units.ts";
import { LONGEST_S, ShotTrace, STEP_S } from "../../src/domain/trace.ts";
import { course, snapshot } from "../fake-server/press.ts";
import { START } from "../fake-server/scenario.ts";

const MPA = shownAs("Pa", { pressure: "MPa" });

function run(trace: ShotTrace, shot: number, until: number): void {
  for (let time = 0, i = 0; time <= until; time += 1 / 15, i += 1) trace.take(snapshot(i * 15 + 1, shot, time, START));
}

test("a shot fills the grid without holes, and phases are marked once", () => {
  const trace = new ShotTrace();
  run(trace, 1842, 8);
  const p1 = trace.sensors.get("p1");
  assert.ok(p1 !== undefined);
  for (let i = 0; i < Math.floor(7.9 / STEP_S); i += 1) assert.ok(!Number.isNaN(p1.measured.values[i] ?? NaN), `hole at ${i * STEP_S} s`);
  assert.deepEqual(trace.phases.map((mark) => mark.phase), ["fill", "hold", "cool"]);
});

test("a new shot clears the old one, an idle press leaves it standing", () => {
  const trace = new ShotTrace();
  run(trace, 1842, 8);
  assert.equal(trace.take(snapshot(1, 1842, 17, START)), false);
  assert.ok(!Number.isNaN(trace.sensors.get("p1")?.measured.values[100] ?? NaN));
  assert.equal(trace.take(snapshot(1, 1843, 0, START)), true);
  assert.ok(Number.isNaN(trace.sensors.get("p1")?.measured.values[100] ?? 0));
});

test("a page opened in the midst of a shot, or after it, draws all of it", () => {
  const trace = new ShotTrace();
  trace.take(snapshot(1, 1842, 5, START));
  trace.catchUp(course(1842, 5, START));
  const measured = trace.sensors.get("p1")?.measured;
  for (let i = 0; i <= 5 / STEP_S; i += 1) assert.ok(!Number.isNaN(measured?.values[i] ?? NaN), `hole at ${i * STEP_S} s`);
  assert.deepEqual(trace.phases.map((mark) => mark.phase), ["fill", "hold"]);
  // What follows is joined to what was there, and an older course changes nothing.
  trace.take(snapshot(2, 1842, 5.2, START));
  assert.ok(!Number.isNaN(measured?.values[Math.round(5.12 / STEP_S)] ?? NaN));
  trace.catchUp(course(1841, 9, START));
  assert.equal(trace.shot, 1842);

  const late = new ShotTrace();
  late.take(snapshot(1, 1842, 17, START));
  late.catchUp(course(1842, 17, START));
  assert.equal(late.shot, 1842);
  assert.ok(!Number.isNaN(late.sensors.get("p1")?.measured.values[100] ?? NaN));
});

test("ten thousand shots need the memory of one", () => {
  const trace = new ShotTrace();
  run(trace, 1, 2);
  const lanes = [...trace.sensors.values()].map((sensor) => sensor.measured.values);
  const one = snapshot(1, 2, 0.5, START);
  for (let shot = 2; shot < 10_000; shot += 1) trace.take({ ...one, shot });
  assert.deepEqual([...trace.sensors.values()].map((sensor) => sensor.measured.values), lanes);
  assert.equal(trace.phases.length, 1);
  assert.equal(lanes[0]?.length, Math.round(LONGEST_S / STEP_S));
});

test("a time beyond the grid is left out, not written elsewhere", () => {
  const trace = new ShotTrace();
  trace.take({ ...snapshot(0, 7, 3, START), shot_time_s: LONGEST_S + 5 });
  assert.ok((trace.sensors.get("p1")?.measured.values ?? []).every((value) => Number.isNaN(value)));
});

test("curves: measured up to now, forecast from now on, band around the estimate", () => {
  const trace = new ShotTrace();
  run(trace, 1842, 3);
  const forecast = snapshot(15, 1842, 3, START).forecast ?? [];
  const data = liveCurves(trace, [{ name: "p2", ink: 2 }], forecast, null, 19, MPA);
  const line = data.lines[0];
  assert.ok(line !== undefined);
  const now = Math.round(trace.time / STEP_S);
  assert.equal(line.estimate[now + 2], null);
  assert.equal(line.forecast[now - 2], null);
  assert.ok((line.forecast[now + 2] ?? 0) > 30);
  assert.ok((line.low[now] ?? 99) < (line.estimate[now] ?? 0) && (line.estimate[now] ?? 99) < (line.high[now] ?? 0));
});
