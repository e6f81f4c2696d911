import assert from "node:assert/strict";
import { test } from "node:test";
import { change, decimalsFor, fixed, parts, percent, quantity, seconds } from "../../src/domain/format.ts";
import { shownAs, splitUnit, toShown, toWire } from "../../src/domain/units.ts";

const MPA = { pressure: "MPa" } as const;
const BAR = { pressure: "bar" } as const;
const close = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${got} is not ${wanted}`);

test("a pressure is the same in MPa and bar", () => {
  close(toShown(45.2e6, shownAs("Pa", MPA)), 45.2);
  close(toShown(45.2e6, shownAs("Pa", BAR)), 452);
});

test("a temperature is shown in degrees Celsius, a difference keeps its kelvins", () => {
  close(toShown(503.15, shownAs("K", MPA)), 230);
  close(toShown(2, shownAs("K", MPA, "difference")), 2);
  assert.equal(shownAs("K", MPA, "difference").unit, "K");
});

test("weights, volumes, rates and the odd units of the latents", () => {
  close(toShown(0.01162, shownAs("kg", MPA)), 11.62);
  close(toShown(11.6e-6, shownAs("m3", MPA)), 11.6);
  close(toShown(25e-6, shownAs("m3/s", MPA)), 25);
  close(toShown(2e-15, shownAs("m3/(s Pa)", MPA)), 2);
  close(toShown(0.75e-12, shownAs("m/Pa", MPA)), 750);
  close(toShown(1e-7, shownAs("K/Pa", MPA)), 100);
  close(toShown(290e6, shownAs("Pa s", MPA, "value", "pressure_integral")), 290);
  assert.equal(shownAs("W/(m2 K)", MPA).unit, "W/(m² K)");
  close(toShown(0.0049, shownAs("1", MPA, "value", "shrinkage")), 0.49);
  close(toShown(1.05, shownAs("1", MPA, "value", "viscosity")), 1.05);
});

test("what is typed comes back as the wire value, for every unit", () => {
  for (const unit of ["Pa", "K", "kg", "s", "m", "m3", "m3/s", "m/s", "N", "m/Pa", "m3/(s Pa)", "K/Pa", "Pa s", "1", "furlong"]) {
    for (const choice of [MPA, BAR]) {
      const shown = shownAs(unit, choice);
      close(toWire(toShown(37.5, shown), shown), 37.5);
    }
  }
});

test("a name carries its unit", () => {
  assert.deepEqual(splitUnit("hold_pressure_pa"), { name: "hold_pressure", unit: "Pa" });
  assert.deepEqual(splitUnit("injection_rate_m3_per_s"), { name: "injection_rate", unit: "m3/s" });
  assert.deepEqual(splitUnit("fill_time_s"), { name: "fill_time", unit: "s" });
  assert.deepEqual(splitUnit("melt_k"), { name: "melt", unit: "K" });
  assert.deepEqual(splitUnit("part_weight"), { name: "part_weight", unit: "1" });
});

test("digits follow the band: two up to 3.5, one above", () => {
  assert.equal(decimalsFor(0.83), 1);
  assert.equal(decimalsFor(0.17), 2);
  assert.equal(decimalsFor(12), 0);
  assert.equal(decimalsFor(0), 0);
});

test("an estimate carries its 90 % band and its unit", () => {
  // 0.5 MPa standard deviation is a band of 0.82 MPa.
  assert.deepEqual(parts(41.23e6, 0.5e6, shownAs("Pa", MPA)), { value: "41.2", band: "0.8", unit: "MPa" });
  assert.equal(quantity(365.15, 1.2, "K", MPA), "92.0 ± 2.0\u202f°C");
  assert.equal(quantity(0.01162, 1.2e-5, "kg", MPA), "11.620 ± 0.020\u202fg");
});

test("changes have a sign, a real minus, and no zero point", () => {
  assert.equal(change(1.5e6, "Pa", MPA), "+1.5\u202fMPa");
  assert.equal(change(-1.5e6, "Pa", BAR), "\u221215\u202fbar");
  assert.equal(change(2, "K", MPA), "+2.0\u202fK");
});

test("small things", () => {
  assert.equal(fixed(-0.001, 1), "0.0");
  assert.equal(fixed(NaN, 1), "–");
  assert.equal(percent(0.126), "13\u202f%");
  assert.equal(seconds(41e-6), "41\u202fµs");
  assert.equal(seconds(0.4), "400\u202fms");
});
