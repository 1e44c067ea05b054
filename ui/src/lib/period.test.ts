import { expect, test } from 'vitest';
import { days, grainOf, mayChooseGrain, parsePeriod, periodName, periodText, range } from './period.ts';

const now = new Date(2026, 10, 22, 14, 32, 7);
const of = (text: string) => range(parsePeriod(text), now);

test.each(['today', '7d', '28d', '2026-11-01..2026-11-07'])('%s reads back as it is written', (text) =>
  expect(periodText(parsePeriod(text))).toBe(text));

test.each([null, '', '8d', '2026-11-07..2026-11-01', '2026-11-01', '2026-11-01..', '2024-01-01..2026-01-01', 'a..b..c'])(
  '%j is today', (text) => expect(parsePeriod(text).kind).toBe('today'));

test('today runs from local midnight', () => {
  expect(of('today')).toEqual({ from: new Date(2026, 10, 22), end: new Date(2026, 10, 23), open: true });
});

test('seven days end with today', () => {
  expect(of('7d')).toEqual({ from: new Date(2026, 10, 16), end: new Date(2026, 10, 23), open: true });
  expect(days(of('28d'))).toBe(28);
});

test('chosen days are whole; open only when they reach into the present', () => {
  expect(of('2026-11-01..2026-11-07')).toEqual({ from: new Date(2026, 10, 1), end: new Date(2026, 10, 8), open: false });
  expect(of('2026-11-01..2026-11-22').open).toBe(true);
});

test('bars: hours up to a week, days beyond, unless chosen where both fit', () => {
  expect(grainOf(of('today'), null)).toBe('hour');
  expect(grainOf(of('today'), 'day')).toBe('hour');
  expect(grainOf(of('7d'), null)).toBe('hour');
  expect(grainOf(of('7d'), 'day')).toBe('day');
  expect(grainOf(of('28d'), null)).toBe('day');
  expect(grainOf(of('28d'), 'hour')).toBe('hour');
  expect(grainOf(of('2026-01-01..2026-06-01'), 'hour')).toBe('day');
  expect(mayChooseGrain(of('today'))).toBe(false);
  expect(mayChooseGrain(of('28d'))).toBe(true);
});

test('names', () => {
  expect(periodName(parsePeriod('28d'), now)).toBe('last 28 days');
  expect(periodName(parsePeriod('2026-11-01..2026-11-07'), now)).toBe('1 Nov – 7 Nov');
  expect(periodName(parsePeriod('2025-11-01..2025-11-01'), now)).toBe('1 Nov 2025');
});
