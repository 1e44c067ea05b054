import { expect, test } from 'vitest';
import type { Coverage, HistoryRow } from '../api/types.ts';
import { buckets, isPartlyWatched, peaks, ticks, type Bucket } from './history.ts';
import { parsePeriod, range } from './period.ts';

const now = new Date(2026, 10, 22, 14, 30);
const today = range(parsePeriod('today'), now);
const at = (hour: number, day = 22) => new Date(2026, 10, day, hour).toISOString();
const row = (report_hour: string, vehicles: number, vehicle_type = 'car') =>
  ({ report_hour, vehicles, vehicle_type, camera_id: 'a', crossings: vehicles, coverage_s: 0, partial: false, avg_speed: null, intensity: null, density: null }) satisfies HistoryRow;
const cover = (report_hour: string, coverage_s: number): Coverage => ({ report_hour, coverage_s, camera_id: 'a' });

test('types of an hour add up; a watched hour without anybody is zero, an unwatched one unknown', () => {
  const list = buckets(
    [row(at(8), 300), row(at(8), 41, 'truck')],
    [cover(at(8), 3600), cover(at(9), 3600), cover(at(10), 0)],
    today, 'hour', now,
  );
  expect(list).toHaveLength(24);
  expect(list[8]).toMatchObject({ vehicles: 341, watched_s: 3600, elapsed_s: 3600, running: false });
  expect(list[9]!.vehicles).toBe(0);
  expect(list[10]!.vehicles).toBeNull();
  expect(list[14]).toMatchObject({ running: true, elapsed_s: 1800, vehicles: null });
  expect(list[15]).toMatchObject({ running: false, elapsed_s: 0 });
});

test('hours fall into their local day; rows outside the range are left out', () => {
  const week = range(parsePeriod('7d'), now);
  const list = buckets(
    [row(at(0, 22), 5), row(at(23, 21), 7), row(at(12, 15), 100)], [cover(at(0, 22), 3600)], week, 'day', now,
  );
  expect(list).toHaveLength(7);
  expect(list.map((b) => b.vehicles)).toEqual([null, null, null, null, null, 7, 5]);
});

test('a day of 23 hours has 23 bars', () => {
  const day = { from: new Date(2026, 2, 29), end: new Date(2026, 2, 30), open: false };
  const hours = (day.end.getTime() - day.from.getTime()) / 3_600_000;
  expect(buckets([], [], day, 'hour', now)).toHaveLength(hours);
});

const bar = (vehicles: number | null, change: Partial<Bucket> = {}): Bucket => ({
  start: now, end: now, vehicles, watched_s: 3600, elapsed_s: 3600, running: false, ...change,
});

test('watched in part', () => {
  expect(isPartlyWatched(bar(3, { watched_s: 1800 }))).toBe(true);
  expect(isPartlyWatched(bar(3, { watched_s: 900, elapsed_s: 900 }))).toBe(false);
  expect(isPartlyWatched(bar(null, { watched_s: 0 }))).toBe(false);
});

test('peaks: the highest, and a second one that stands apart', () => {
  const of = (...list: (number | null)[]) => peaks(list.map((n) => bar(n)), 3);
  expect(of(1, 5, 9, 4, 2, 3, 8, 2)).toEqual([2, 6]);
  expect(of(1, 5, 9, 8, 2, 3, 4, 2)).toEqual([2]);
  expect(of(1, 5, 9, 8, 7, 7, 7, 8)).toEqual([2, 7]);
  expect(of(null, null)).toEqual([]);
  expect(of(0, 0)).toEqual([]);
});

test('a bar that still grows is no peak, nor is the one before it', () => {
  const list = [1, 9, 1, 1, 1, 8].map((n) => bar(n));
  expect(peaks([...list, bar(7, { running: true })], 3)).toEqual([1]);
  expect(peaks([...list, bar(30, { running: true })], 3)).toEqual([1]);
});

test('ticks reach the top in round steps', () => {
  expect(ticks(341)).toEqual([0, 100, 200, 300, 400]);
  expect(ticks(7)).toEqual([0, 2, 4, 6, 8]);
  expect(ticks(1)).toEqual([0, 1]);
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(400)).toEqual([0, 100, 200, 300, 400]);
});

test('a recording has bars of five minutes, and none of them runs', () => {
  const at = (minute: number, second = 0) => new Date(2026, 10, 20, 10, minute, second);
  const list = buckets(
    [{ report_hour: at(5).toISOString(), vehicles: 7 }], [{ report_hour: at(5).toISOString(), camera_id: 'a', coverage_s: 300 }, { report_hour: at(10).toISOString(), camera_id: 'a', coverage_s: 30 }],
    { from: at(0), end: at(15), open: false }, '5min', at(10, 30), at(2, 0), true,
  );
  expect(list.map((b) => b.vehicles)).toEqual([null, 7, 0]);
  expect(list.map((b) => b.elapsed_s)).toEqual([180, 300, 30]);
  expect(list.some((b) => b.running)).toBe(false);
});
