import { expect, test } from 'vitest';
import { axisOf, bars, cut, shareWithin, ticks } from './histogram.ts';

const even = { low: 0, high: 1, counts: [10, 10, 10, 10] };

test('bars are of the tallest, several bins together where there are many', () => {
  expect(bars({ low: 0, high: 1, counts: [1, 3, 0, 4] }, 4)).toEqual([0.25, 0.75, 0, 1]);
  expect(bars({ low: 0, high: 1, counts: [1, 3, 0, 4] }, 2)).toEqual([1, 1]);
  expect(bars({ low: 0, high: 1, counts: [0, 0] }, 2)).toEqual([0, 0]);
});

test('what lies in a range, bins cut where it cuts them', () => {
  expect(shareWithin(even, 0, 1)).toBe(1);
  expect(shareWithin(even, 0.25, 0.75)).toBe(0.5);
  expect(shareWithin(even, 0.125, 0.25)).toBeCloseTo(0.125);
  expect(shareWithin(even, -5, 5)).toBe(1);
  expect(shareWithin(even, 0.6, 0.2)).toBe(0);
  expect(shareWithin({ ...even, counts: [0, 0] }, 0, 1)).toBeNull();
});

test('the axis has round values', () => {
  expect(ticks(-0.31, 0.92)).toEqual([-0.2, 0, 0.2, 0.4, 0.6, 0.8]);
  expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(1, 1)).toEqual([]);
});

test('the axis is where values lie, and what is shown', () => {
  const histogram = { low: 0, high: 10, counts: [0, 0, 0, 0, 0, 5, 5, 0, 0, 0] };
  expect(axisOf(histogram, { low: 5.5, high: 6.5 })).toEqual({ low: 5, high: 7 });
  expect(axisOf(histogram, { low: 2, high: 6 })).toEqual({ low: 2, high: 7 });
  expect(axisOf({ ...histogram, counts: histogram.counts.map(() => 0) }, { low: 0, high: 1 })).toEqual({ low: 0, high: 1 });
  expect(cut(histogram, { low: 5, high: 7 })).toEqual({ low: 5, high: 7, counts: [5, 5] });
});
