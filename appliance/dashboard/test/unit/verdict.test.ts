import assert from "node:assert/strict";
import { test } from "node:test";
import type { QualityLine } from "../../src/api/types.ts";
import { concern, reasonFor } from "../../src/domain/verdict.ts";

const weight = (value: number, limits: QualityLine["limits"] = [11.5, 11.7]): QualityLine => ({ name: "part_weight", value, sd: 0.02, unit: "kg", limits });

test("inside, crossing and outside a limit", () => {
  assert.equal(concern(weight(11.6)), null);
  assert.deepEqual(concern(weight(11.52)), { name: "part_weight", side: "low", outside: false });
  assert.deepEqual(concern(weight(11.75)), { name: "part_weight", side: "high", outside: true });
  assert.equal(concern(weight(99, [null, null])), null);
});

test("the sentence names what decided", () => {
  assert.equal(reasonFor("good", [weight(11.6)], [], true).kind, "inside");
  assert.equal(reasonFor("good", [weight(11.6, [null, null])], [], true).kind, "no_limits");
  assert.equal(reasonFor("uncertain", [weight(11.6)], [], false).kind, "not_trusted");
  assert.deepEqual(reasonFor("reject", [weight(11.52), { ...weight(11.8), name: "length" }], [], true), { kind: "concern", concern: { name: "length", side: "high", outside: true } });
  assert.equal(reasonFor("reject", [weight(11.6)], [{ name: "short_shot", probability: 0.9 }], true).kind, "indicator");
  assert.equal(reasonFor(null, [], [], true).kind, "none");
});
