// Rows of the history to the bars of a chart. What was not watched stays unknown, never zero.

import type { Coverage, HistoryRow } from '../api/types.ts';
import type { BarGrain, Range } from './period.ts';
import { addDays, startOfDay } from './time.ts';

export interface Bucket {
  start: Date;
  end: Date;
  /** null: nothing of it was watched, or it lies ahead. */
  vehicles: number | null;
  watched_s: number;
  /** How much of it has passed while there was something to watch. */
  elapsed_s: number;
  running: boolean;
}

/** More than a tenth of it missed: the count is a part of the truth. */
export function isPartlyWatched(b: Bucket): boolean {
  return b.vehicles !== null && b.watched_s < 0.9 * b.elapsed_s;
}

function starts(r: Range, grain: BarGrain): Date[] {
  const list: Date[] = [];
  if (grain === 'day') {
    for (let d = startOfDay(r.from); d < r.end; d = addDays(d, 1)) list.push(d);
  } else {
    const step = grain === 'hour' ? 3_600_000 : 300_000;
    for (let t = r.from.getTime(); t < r.end.getTime(); t += step) list.push(new Date(t));
  }
  return list;
}

/** One bucket for each five minutes, hour or local day of the range, oldest first. */
export function buckets(
  rows: Pick<HistoryRow, 'report_hour' | 'vehicles'>[],
  coverage: Coverage[],
  r: Range,
  grain: BarGrain,
  /** After, there is nothing yet; of a recording, where it ends. */
  now: Date,
  /** Before, there was nothing to be watched. */
  since: Date = new Date(0),
  isOver = false,
): Bucket[] {
  const list: Bucket[] = starts(r, grain).map((start, i, all) => {
    const end = all[i + 1] ?? r.end;
    const elapsed_s = Math.max(0, Math.min(end.getTime(), now.getTime()) - Math.max(start.getTime(), since.getTime())) / 1000;
    return { start, end, vehicles: null, watched_s: 0, elapsed_s, running: !isOver && start <= now && now < end };
  });
  const find = (instant: string) => bucketAt(list, Date.parse(instant));
  for (const c of coverage) {
    const bucket = find(c.report_hour);
    // What was watched before there was anything to count there says nothing of it.
    if (!bucket || c.coverage_s <= 0 || bucket.end <= since) continue;
    bucket.watched_s += c.coverage_s;
    bucket.vehicles ??= 0;
  }
  for (const row of rows) {
    const bucket = find(row.report_hour);
    if (bucket) bucket.vehicles = (bucket.vehicles ?? 0) + row.vehicles;
  }
  return list;
}

function bucketAt(list: Bucket[], t: number): Bucket | undefined {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.end.getTime() <= t) low = middle + 1;
    else high = middle;
  }
  const bucket = list[low];
  return bucket && bucket.start.getTime() <= t ? bucket : undefined;
}

/** Indexes of the highest bar, and of a second peak that stands well apart from it. */
export function peaks(list: Bucket[], apart: number): number[] {
  const value = (i: number) => list[i]?.vehicles ?? 0;
  const highest = (allowed: (i: number) => boolean) => {
    let best = -1;
    list.forEach((b, i) => {
      if (!b.running && value(i) > 0 && allowed(i) && (best < 0 || value(i) > value(best))) best = i;
    });
    return best;
  };
  const first = highest(() => true);
  if (first < 0) return [];
  const second = highest((i) => Math.abs(i - first) >= apart);
  // The slope of a bar that is still growing, or of the first peak, is no peak.
  const stands = value(second) >= value(second - 1) && value(second) > value(second + 1) && !list[second + 1]?.running;
  return second >= 0 && stands && value(second) >= 0.6 * value(first) ? [first, second] : [first];
}

/** Steps of 1, 2 or 5 times a power of ten, at most `most` of them, up to the value. */
export function ticks(top: number, most = 4): number[] {
  if (top <= 0) return [0, 1];
  const rough = top / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!);
  const list: number[] = [];
  for (let v = 0; v < top + step; v += step) list.push(v);
  return list;
}
