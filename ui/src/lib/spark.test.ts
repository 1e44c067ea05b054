import { expect, test } from 'vitest';
import { spark } from './spark.ts';

test('a line breaks where nothing is known, and the running hour is apart', () => {
  const drawn = spark([null, 4, 2, null, 3, null, 1, 2], 70, 23);
  expect(drawn.solid).toEqual(['M10 1.5 20 11.5']);
  expect(drawn.dots.map((d) => d.x)).toEqual([40, 60]);
  expect(drawn.running).toBe('M60 16.5 70 11.5');
  expect(drawn.words).toBe('at most 4 in an hour, 2 so far in this one; 5 of 8 hours watched');
});

test('an hour begun after a gap is a dot; nothing known draws nothing', () => {
  expect(spark([null, null, 5], 20, 20)).toMatchObject({ solid: [], running: '', dots: [{ x: 20, y: 1.5 }] });
  expect(spark([null, null], 20, 20)).toEqual({ solid: [], dots: [], running: '', words: 'not watched in the last 24 hours' });
});

test('hours of none are known: a line at zero', () => {
  expect(spark([0, 0, 0], 20, 20)).toMatchObject({ solid: ['M0 18.5 10 18.5'], running: 'M10 18.5 20 18.5' });
});
