// The histogram of an index: its bars, and what lies within a range of it.

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

/** Bars from 0 to 1, at most so many: neighbouring bins together. */
export function bars({ counts }: Histogram, most: number): number[] {
  const each = Math.max(1, Math.ceil(counts.length / most));
  const sums: number[] = [];
  for (let i = 0; i < counts.length; i += each) sums.push(counts.slice(i, i + each).reduce((all, n) => all + n, 0));
  const top = Math.max(1, ...sums);
  return sums.map((n) => n / top);
}

/** The share of all values from `from` to `to`, a bin cut as if its values lay evenly in it; null without values. */
export function shareWithin({ low, high, counts }: Histogram, from: number, to: number): number | null {
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (all === 0 || high <= low) return null;
  const width = (high - low) / counts.length;
  let inside = 0;
  counts.forEach((n, i) => {
    const a = low + i * width;
    const part = Math.min(to, a + width) - Math.max(from, a);
    if (part > 0) inside += n * Math.min(1, part / width);
  });
  // What lies outside the axis was counted in its first and last bin.
  return Math.min(1, inside / all);
}

/** Where the axis says a value: about so many round ones. */
export function ticks(low: number, high: number, about = 6): number[] {
  const span = high - low;
  if (!(span > 0)) return [];
  const raw = span / (about + 0.999);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= raw * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const all: number[] = [];
  for (let n = first; n * step <= high + step * 1e-9; n += 1) all.push(Math.round(n * step * 1e6) / 1e6 + 0);
  return all;
}

/** The part of the axis where values lie, and what is shown of it: a thousandth at either end may be left out. */
export function axisOf({ low, high, counts }: Histogram, shown: { low: number; high: number }): { low: number; high: number } {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const width = (high - low) / counts.length;
  let from = 0;
  for (let sum = counts[0] ?? 0; from < counts.length - 1 && sum <= all * 0.001; sum += counts[from]!) from += 1;
  let to = counts.length - 1;
  for (let sum = counts[to] ?? 0; to > 0 && sum <= all * 0.001; sum += counts[to]!) to -= 1;
  if (all === 0 || from > to) return { ...shown };
  return { low: Math.max(low, Math.min(shown.low, low + from * width)), high: Math.min(high, Math.max(shown.high, low + (to + 1) * width)) };
}

/** The bins of an axis that is a part of the histogram's own. */
export function cut({ low, high, counts }: Histogram, axis: { low: number; high: number }): Histogram {
  const width = (high - low) / counts.length;
  const from = Math.max(0, Math.round((axis.low - low) / width));
  const to = Math.max(from + 1, Math.min(counts.length, Math.round((axis.high - low) / width)));
  return { low: low + from * width, high: low + to * width, counts: counts.slice(from, to) };
}
