// Numbers of a shot keep their unit and have words.
import assert from "node:assert/strict";
import { test } from "node:test";

// The language of the reader is looked up in a browser that is not here.
Object.assign(globalThis, { navigator: { language: "en" }, document: { documentElement: { dataset: {}, setAttribute: () => undefined } } });
const { featureWords } = await import("../../src/pages/feature-words.ts");

test("every number the box sends has words and a unit", () => {
  const seen = (feature: string): [string, string] => {
    const { words, unit } = featureWords(feature);
    return [words, unit];
  };
  assert.deepEqual(seen("cycle"), ["cycle time", "s"]);
  assert.deepEqual(seen("fill_time"), ["fill time", "s"]);
  assert.deepEqual(seen("peak_p1_pa"), ["peak pressure p1", "Pa"]);
  assert.deepEqual(seen("integral_nozzle_pa_s"), ["pressure integral nozzle", "Pa s"]);
  assert.deepEqual(seen("peak_pressure"), ["peak pressure", "Pa"]);
  assert.deepEqual(seen("mold_surface_k"), ["mold surface temperature", "K"]);
});
