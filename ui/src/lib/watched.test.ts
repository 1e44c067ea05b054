import { expect, test } from 'vitest';
import type { Kpi, Line } from '../api/types.ts';
import { birth, lineFigures, recordWords, watched, watchedSince } from './watched.ts';

const kHour = 3600;
const at = (text: string) => new Date(`2026-11-27T${text}:00`);
const instant = (text: string) => at(text).toISOString();

test.each([
  [1920, 3600, '32 of 60 min watched'],
  [3595, 3600, '60 of 60 min watched'],
  [13, 3600, '13 s of 60 min watched'],
  [13, 6.9 * kHour, '13 s of 6.9 h watched'],
  [480, 6.7 * kHour, '8 min of 6.7 h watched'],
  [0, 3600, 'none of 60 min watched'],
  [20, 40, '20 s of 40 s watched'],
  [40, 40, '40 s watched'],
])('%d s of %d s: %s', (coverage, period, words) => expect(watched(coverage, period)).toBe(words));

test('a camera is measured by its own time', () => {
  const now = at('07:05');
  expect(watchedSince({ coverage_s: 480, period_s: 7.1 * kHour, vehicles: 12 }, at('00:00'), at('06:57'), now, now)).toBe('8 of 8 min watched, since 06:57');
  expect(watchedSince({ coverage_s: 480, period_s: 480, vehicles: 12 }, at('00:00'), at('06:57'), now, now)).toBe('8 of 8 min watched, since 06:57');
  expect(watchedSince({ coverage_s: 0, period_s: 7 * kHour, vehicles: null }, at('00:00'), now, now, now)).toBe('not watched yet');
  expect(watchedSince({ coverage_s: 1800, period_s: kHour, vehicles: 3 }, at('06:05'), at('01:00'), now, now)).toBe('30 of 60 min watched');
});

test('a recording begins when it was recorded', () => {
  const camera = { source: '/clips/a.mp4', loop: false, created_at: instant('09:00'), starts_at: instant('06:00') };
  expect(birth(camera)).toEqual(at('06:00'));
  expect(birth({ ...camera, loop: true })).toEqual(at('09:00'));
  expect(birth({ ...camera, source: 'rtsp://cam/1' })).toEqual(at('09:00'));
});

const kpi = (change: Partial<Kpi> = {}) =>
  ({
    from: instant('00:00'), to: instant('10:30'), as_of: instant('10:30'), hours_from: new Date(at('10:00').getTime() - 23 * 3_600_000).toISOString(), total: { vehicles: 40, coverage_s: 900, period_s: 37800 },
    lines: [{ line_id: 'near', name: 'Near', direction: 'a_to_b', label: 'down', vehicles: 7, by_hour: Array.from({ length: 24 }, (_, i) => i) }],
    ...change,
  }) as unknown as Kpi;
const line = (created: string) => [{ id: 'near', created_at: instant(created) } as unknown as Line];

test('before a line was there it has no figures, and says since when', () => {
  const [row] = lineFigures(kpi(), line('08:57'), at('01:00'));
  // The last is the hour from 10:00; 08:00 is the first in which it was there.
  expect(row!.by_hour.slice(0, 21)).toEqual(Array(21).fill(null));
  expect(row!.by_hour.slice(21)).toEqual([21, 22, 23]);
  expect(row!.young).toEqual(at('08:57'));
  expect(row!.vehicles).toBe(7);
});

test('a line as old as the period is not young; a line is not older than its camera', () => {
  expect(lineFigures(kpi({ from: instant('09:30') }), line('08:57'), at('01:00'))[0]!.young).toBeNull();
  expect(lineFigures(kpi(), line('01:00'), at('10:05'))[0]!.by_hour.filter((n) => n !== null)).toEqual([23]);
});

test('a period that nobody watched, or that lies before the line, has no figure', () => {
  expect(lineFigures(kpi({ total: { vehicles: null, coverage_s: 0, period_s: 37800 } }), line('08:57'), at('01:00'))[0]!.vehicles).toBeNull();
  expect(lineFigures(kpi({ to: instant('08:00') }), line('08:57'), at('01:00'))[0]!.vehicles).toBeNull();
});

test('hours that the server says nobody watched stay unknown', () => {
  const gap = kpi({ lines: [{ ...kpi().lines[0]!, by_hour: [...Array(20).fill(1), null, 5, null, 2] }] });
  expect(lineFigures(gap, line('08:57'), at('01:00'))[0]!.by_hour.slice(20)).toEqual([null, 5, null, 2]);
});

test('the record says what it is a record of', () => {
  const quiet = { issues: [], coverage_s: 1600, isOn: true, born: at('06:33'), from: at('00:00'), name: 'today', now: at('07:00') };
  expect(recordWords(quiet)).toBe('Watched since 06:33, when the camera was added; no gap since.');
  expect(recordWords({ ...quiet, coverage_s: 480 })).toBe('Watched since 06:33, when the camera was added; 8 of 27 min watched.');
  expect(recordWords({ ...quiet, from: at('06:40') })).toBe('No gap in the record, today.');
  expect(recordWords({ ...quiet, coverage_s: 0 })).toBe('Nothing was watched yet, today.');
  expect(recordWords({ ...quiet, coverage_s: 0, isOn: false })).toBe('Switched off: nothing was watched, today.');
});
