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
