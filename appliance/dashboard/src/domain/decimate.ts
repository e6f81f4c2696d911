// Thinning a curve to what a screen can show without losing its spikes.

/** Indices that keep the first, last, lowest and highest value of every bucket. Nulls count as gaps and are kept as one. */
export function extremes(values: ArrayLike<number | null>, most: number): number[] {
  const count = values.length;
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const buckets = Math.max(1, Math.floor(most / 4));
  const kept: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * count) / buckets);
    const to = Math.floor(((bucket + 1) * count) / buckets);
    let low = from;
    let high = from;
    for (let i = from; i < to; i += 1) {
      const value = values[i];
      if (value === null || value === undefined) continue;
      if (value < (values[low] ?? Infinity)) low = i;
      if (value > (values[high] ?? -Infinity)) high = i;
    }
    for (const i of [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)) kept.push(i);
  }
  return kept;
}

/** Value of a curve at a time, linear between its points; null outside and beside gaps. */
export function at(times: ArrayLike<number>, values: ArrayLike<number | null>, time: number): number | null {
  const last = times.length - 1;
  if (last < 0 || time < (times[0] ?? 0) || time > (times[last] ?? 0)) return null;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle;
    else high = middle;
  }
  const a = values[low] ?? null;
  const b = values[high] ?? null;
  const t0 = times[low] ?? 0;
  const t1 = times[high] ?? 0;
  if (time <= t0) return a;
  if (time >= t1) return b;
  return a === null || b === null ? null : a + ((b - a) * (time - t0)) / (t1 - t0);
}
