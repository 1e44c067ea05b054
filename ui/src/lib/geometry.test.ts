import { expect, test } from 'vitest';
import { arrow, clampPoint, firstGuess, heading, moved, problems, reversed, toTheRight, withEnd } from './geometry.ts';

const size = { width: 640, height: 352 };
const across = { name: 'Mill Street', x1: 200, y1: 250, x2: 600, y2: 250, a_to_b: 'into town', b_to_a: 'out of town' };

/** The contract: from the line's left to its right, y down. Left to right in the picture goes down. */
test('the arrow points to the right of first to second', () => {
  expect(toTheRight(across)).toEqual({ x: -0, y: 1 });
  expect(toTheRight({ x1: 100, y1: 50, x2: 100, y2: 200 })).toEqual({ x: -1, y: 0 });
  expect(heading(across)).toBe('down');
  expect(heading({ x1: 0, y1: 0, x2: 100, y2: 100 })).toBe('down');
  expect(heading({ x1: 0, y1: 100, x2: 0, y2: 0 })).toBe('right');
  expect(heading({ x1: 0, y1: 0, x2: 20, y2: 100 })).toBe('left');
  expect(arrow(across, 40)).toBe('M400 250L400 290M384 274L400 290L416 274');
});

test('turned round, it counts the other way, and each direction keeps its name', () => {
  const turned = reversed(across);
  expect(heading(turned)).toBe('up');
  expect(turned.a_to_b).toBe('out of town');
  expect(reversed(turned)).toEqual(across);
});

test('points stay in the picture, on whole pixels', () => {
  expect(clampPoint({ x: -5, y: 400.6 }, size)).toEqual({ x: 0, y: 351 });
  expect(withEnd(across, 2, { x: 700, y: 10.4 }, size)).toMatchObject({ x1: 200, x2: 639, y2: 10 });
});

test('a line moves as far as the picture allows and keeps its shape', () => {
  const there = moved(across, 500, 500, size);
  expect(there.x2 - there.x1).toBe(400);
  expect(there).toMatchObject({ x2: 639, y1: 351, y2: 351 });
  expect(moved(across, -1000, 0, size)).toMatchObject({ x1: 0, x2: 400 });
});

test('a first guess lies in the picture, each lower than the last', () => {
  expect(firstGuess(size, 0)).toEqual({ x1: 160, y1: 194, x2: 480, y2: 194 });
  expect(firstGuess(size, 4).y1).toBeLessThan(size.height);
});

test('problems by field', () => {
  expect(problems(across)).toEqual({});
  expect(Object.keys(problems({ ...across, name: '  ', x2: 203 }))).toEqual(['name', 'ends']);
});
