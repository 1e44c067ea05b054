import { expect, test } from 'vitest';
import { bytes, count, milliseconds, percent, plural, rate, typeColour, typeName } from './format.ts';
import { watched } from './watched.ts';

test('what is not known is a dash', () => {
  expect([count(null), bytes(null), milliseconds(null), rate(null)]).toEqual(['–', '–', '–', '–']);
});

test('counts are grouped', () => {
  expect(count(2914)).toBe('2,914');
  expect(plural(1, 'loop')).toBe('1 loop');
  expect(plural(2, 'process', 'processes')).toBe('2 processes');
});

test('what exists is never 0 %', () => {
  expect(percent(0)).toBe('0 %');
  expect(percent(0.002)).toBe('< 1 %');
  expect(percent(0.808)).toBe('81 %');
});

test.each([
  [0, '0 B'], [999, '999 B'], [48e6, '48 MB'], [1.912e9, '1.9 GB'], [999.6e6, '1 GB'], [312e6, '312 MB'], [5e15, '5000 TB'],
])('%d bytes are %s', (n, text) => expect(bytes(n)).toBe(text));

test.each([
  [0.42, '0.4 ms'], [10.3, '10.3 ms'], [11, '11 ms'], [140.4, '140 ms'], [2100, '2.1 s'], [23_000, '23 s'],
])('%d ms are %s', (n, text) => expect(milliseconds(n)).toBe(text));

test('types nobody gave a name keep theirs', () => {
  expect(typeName('moving')).toBe('Moving object');
  expect(typeName('scooter')).toBe('Scooter');
  expect(typeColour('scooter')).toBe('var(--ink-3)');
});

test('what a count rests on', () => {
  expect(watched(1920, 3600)).toBe('32 of 60 min watched');
  expect(watched(0, 3600)).toBe('none of 60 min watched');
  expect(watched(3600, 3600)).toBe('60 of 60 min watched');
  expect(watched(3, 3600)).toBe('3 s of 60 min watched');
  expect(watched(144 * 3600, 161 * 3600)).toBe('144 of 161 h watched');
  expect(watched(100, 9 * 3600)).toBe('2 min of 9 h watched');
  expect(watched(3590, 9 * 3600)).toBe('1 h of 9 h watched');
  expect(watched(4000, 3600)).toBe('60 of 60 min watched');
});
