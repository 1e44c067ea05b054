import { expect, test } from 'vitest';
import type { LinesTrial } from '../api/types.ts';
import { countsOf, directionName, restsOn, resultOf, tally } from './trial.ts';

const line = { key: 7, name: 'Mill Street', x1: 200, y1: 250, x2: 600, y2: 250, a_to_b: 'into town', b_to_a: ' ' };
const none = { a_to_b: 0, b_to_a: 0 };
const result = { crossings: { a_to_b: 12, b_to_a: 3 }, likely: none, by_type: [], newest: [] };
const answer: LinesTrial = {
  from: '2026-11-22T14:00:00Z', to: '2026-11-22T14:10:00Z', coverage_s: 540, sampled_every_s: 1, tracks: 43, truncated: false, lines: [result],
};
const trial = { answer, lines: [{ ...line }], counted: new Map() };

test('an answer speaks of a line as long as it lies where it was tried', () => {
  expect(resultOf(trial, line)).toBe(result);
  expect(resultOf(trial, { ...line, x2: 601 })).toBe('changed');
  expect(resultOf(trial, { ...line, x1: line.x2, x2: line.x1 })).toBe('changed');
  expect(resultOf(trial, { ...line, key: 8 })).toBeNull();
  expect(resultOf(null, line)).toBeNull();
});

test('where nothing was watched there is no result', () => {
  expect(resultOf({ ...trial, answer: { ...answer, lines: [{ ...result, crossings: null, likely: null }] } }, line)).toBeNull();
});

test('a direction has its own name, or where it goes', () => {
  expect(directionName(line, 'a_to_b')).toBe('into town');
  expect(directionName(line, 'b_to_a')).toBe('up');
});

test('one number a direction, beside what the saved line counted; none at all is no figure', () => {
  expect(countsOf(line, { ...result, likely: { a_to_b: 1900, b_to_a: 0 } }, { a_to_b: 1888, b_to_a: 4 })).toEqual([
    { name: 'into town', tried: '1,912', counted: '1,888' },
    { name: 'up', tried: '3', counted: '4' },
  ]);
  expect(countsOf(line, result)[0]).toEqual({ name: 'into town', tried: '12', counted: '' });
  expect(countsOf(line, { ...result, crossings: none }, { a_to_b: 0, b_to_a: 2 })).toHaveLength(2);
  expect(countsOf(line, { ...result, crossings: none, likely: { a_to_b: 1, b_to_a: 0 } })).toHaveLength(2);
  expect(countsOf(line, { ...result, crossings: none })).toEqual([]);
});

test('what the answer rests on', () => {
  expect(restsOn(answer, 'road user')).toMatch(/^9 of 10 min watched up to \d\d:\d\d, 43 road users seen\. Positions are a second apart/);
  expect(restsOn({ ...answer, tracks: 1 }, 'vehicle')).toContain(', 1 vehicle seen.');
  expect(restsOn({ ...answer, tracks: 0 }, 'vehicle')).toMatch(/up to \d\d:\d\d; nobody came by\.$/);
  expect(restsOn(answer, 'vehicle')).not.toContain('within a second');
  expect(restsOn({ ...answer, lines: [{ ...result, likely: { a_to_b: 0, b_to_a: 1 } }] }, 'vehicle')).toContain(' 1 of the crossings lie within a second');
  expect(restsOn({ ...answer, truncated: true }, 'vehicle')).toContain('older positions were left out');
});

test('crossings are added up by direction, unless there are more of them', () => {
  const crossing = (direction: string) => ({ direction }) as never;
  expect(tally({ crossings: [crossing('a_to_b'), crossing('b_to_a'), crossing('a_to_b')], next: null })).toEqual({ a_to_b: 2, b_to_a: 1 });
  expect(tally({ crossings: [crossing('a_to_b')], next: 'more' })).toBeNull();
});
