import { describe, expect, test } from 'vitest';
import { addDays, ago, clock, duration, isoDay, parseDay, startOfDay, until, utc, when } from './time.ts';

const now = new Date(2026, 10, 22, 14, 32, 7);
const before = (s: number) => new Date(now.getTime() - s * 1000);

test('a time of today has no date, another has one', () => {
  expect(when(new Date(2026, 10, 22, 4, 2), now)).toBe('04:02');
  expect(when(new Date(2026, 10, 21, 14, 2), now)).toBe('21 Nov, 14:02');
  expect(when(new Date(2025, 10, 21, 14, 2), now)).toBe('21 Nov 2025, 14:02');
  expect(clock(now, true)).toBe('14:32:07');
});

test('UTC is written out', () => {
  expect(utc(new Date('2026-11-22T13:02:11.700Z'))).toBe('2026-11-22 13:02:11 UTC');
});

test.each([
  [0, '0 s'], [0.4, '0.4 s'], [4.06, '4.1 s'], [59.6, '1 min'], [292, '4 min 52 s'], [3600, '1 h'], [7500, '2 h 5 min'],
  [86_400 * 3 + 4 * 3600 + 59, '3 d 4 h'], [86_400 + 30, '1 d'], [-5, '0 s'],
])('%d s is %s', (s, text) => expect(duration(s)).toBe(text));

test('the past and the future by their distance', () => {
  expect(ago(before(-3), now)).toBe('now');
  expect(ago(before(1.5), now)).toBe('now');
  expect(ago(before(3), now)).toBe('3 s ago');
  expect(ago(before(330), now)).toBe('5 min ago');
  expect(ago(before(7200), now)).toBe('12:32:07');
  expect(until(before(-25.2), now)).toBe('in 26 s');
  expect(until(before(-1800), now)).toBe('in 30 min');
  expect(until(before(3), now)).toBe('now');
  expect(until(before(-7200), now)).toBe('at 16:32');
});

describe('days', () => {
  test('read back as they are written', () => {
    expect(isoDay(parseDay('2026-02-28')!)).toBe('2026-02-28');
  });
  test.each(['', '2026-02-30', '2026-13-01', '26-1-1', '2026-02-28T00:00', 'today'])('%j is no day', (text) =>
    expect(parseDay(text)).toBeNull());
  test('keep their wall clock over a change of summer time', () => {
    const march = new Date(2026, 2, 28, 12);
    expect(addDays(march, 1).getHours()).toBe(12);
    expect(startOfDay(addDays(march, 1)).getHours()).toBe(0);
  });
});
