import { beforeEach, expect, test, vi } from 'vitest';
import type { Line } from '../api/types.ts';
import { rememberShown, shownBefore, tallies } from './overlay.ts';
import type { LineFigure } from './watched.ts';

const line = { id: 'near', name: 'Near', x1: 100, y1: 200, x2: 500, y2: 200, a_to_b: 'down', b_to_a: 'up' } as Line;
const row = (direction: 'a_to_b' | 'b_to_a', vehicles: number | null) =>
  ({ line_id: 'near', name: 'Near', direction, label: direction === 'a_to_b' ? 'down' : 'up', vehicles, by_hour: [], young: null }) as unknown as LineFigure;
const size = { width: 1000, height: 400 };

test('the figures are those of the table, each where its arrow points', () => {
  const [down, up] = tallies([line], [row('a_to_b', 187), row('b_to_a', 1066)], size, 40, 'today');
  expect(down).toMatchObject({ figure: '187', angle: 90, left: 14.8, top: 60, words: 'Near, down: 187, today' });
  expect(up).toMatchObject({ figure: '1,066', angle: -90, left: 14.8, top: 40 });
});

test('no figure stands outside the picture, or without its line', () => {
  const atTheEdge = { ...line, x1: 0, y1: 0, x2: 0, y2: 400 };
  for (const t of tallies([atTheEdge], [row('a_to_b', 1), row('b_to_a', 2)], size, 40, 'today')) {
    expect(t.left).toBeGreaterThanOrEqual(5);
    expect(t.left).toBeLessThanOrEqual(95);
  }
  expect(tallies([], [row('a_to_b', 1)], size, 40, 'today')).toEqual([]);
});

test('what nobody measured has no figure in the picture either', () => {
  expect(tallies([line], [row('a_to_b', null), row('b_to_a', 3)], size, 40, 'today')).toHaveLength(1);
});

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

test('everything is shown until the reader says otherwise, and that is kept', () => {
  expect(shownBefore()).toEqual({ boxes: true, lines: true, labels: true });
  rememberShown({ boxes: true, lines: false, labels: false });
  expect(shownBefore()).toEqual({ boxes: true, lines: false, labels: false });
  rememberShown({ boxes: true, lines: true, labels: true });
  expect(shownBefore()).toEqual({ boxes: true, lines: true, labels: true });
});
