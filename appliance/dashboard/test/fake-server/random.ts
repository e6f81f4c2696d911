// Numbers that look random and are the same on every run.

/** Uniform in 0 to 1 from two whole numbers. */
export function uniform(a: number, b = 0): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/** Normal, mean 0 and standard deviation 1. */
export const normal = (a: number, b = 0): number => Math.sqrt(-2 * Math.log(uniform(a, b * 2 + 1) + 1e-12)) * Math.cos(2 * Math.PI * uniform(a, b * 2 + 2));
