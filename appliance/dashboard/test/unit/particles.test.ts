// Korean particles by sound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { particles } from "../../src/i18n/particles.ts";

test("the particle follows the sound before it", () => {
  assert.equal(particles("점도이(가) 급히"), "점도가 급히");
  assert.equal(particles("수축률이(가) 급히"), "수축률이 급히");
  assert.equal(particles("샷 3을(를) 기준으로"), "샷 3을 기준으로");
  assert.equal(particles("샷 4을(를) 기준으로"), "샷 4를 기준으로");
  assert.equal(particles("금형와(과) 맞지"), "금형과 맞지");
});

test("a foreign word keeps both", () => {
  assert.equal(particles("nozzle이(가) 끊겼"), "nozzle이(가) 끊겼");
});
