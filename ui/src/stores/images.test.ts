import { expect, test } from 'vitest';
import type { ImageRow } from '../api/types.ts';
import { changed, fits, type ImageFilter } from './images.svelte.ts';

const all: ImageFilter = { status: null, mission: null, q: null };
const image = (id: string, minute: number, change: Partial<ImageRow> = {}) =>
  ({ id, uploaded_at: `2026-11-27T12:${String(minute).padStart(2, '0')}:00Z`, processing_status: 'completed', mission_id: null, ...change }) as ImageRow;
const rows = [image('c', 3), image('b', 2), image('a', 1)];
const ids = (images: readonly ImageRow[]) => images.map(({ id }) => id);

test('what changed stays in its place, what is removed goes', () => {
  const failed = image('b', 2, { processing_status: 'failed' });
  const now = changed(rows, { images: [failed], removed: ['a'] }, all);
  expect(ids(now)).toEqual(['c', 'b']);
  expect(now[1]!.processing_status).toBe('failed');
});

test('what is new comes in front, the newest first; what is older has its place further down', () => {
  expect(ids(changed(rows, { images: [image('d', 4), image('e', 5), image('old', 0)], removed: [] }, all))).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(ids(changed([], { images: [image('d', 4)], removed: [] }, all))).toEqual(['d']);
});

test('a filter shows what fits it: what no longer does goes, what does comes', () => {
  const failed = { ...all, status: 'failed' as const };
  expect(fits(image('x', 9), failed)).toBe(false);
  const shown = [image('b', 2, { processing_status: 'failed' })];
  expect(ids(changed(shown, { images: [image('b', 2)], removed: [] }, failed))).toEqual([]);
  expect(ids(changed(shown, { images: [image('d', 4, { processing_status: 'failed' }), image('e', 5)], removed: [] }, failed))).toEqual(['d', 'b']);
  const ofFlight = { ...all, mission: 'm' };
  expect(ids(changed([], { images: [image('d', 4, { mission_id: 'm' }), image('e', 5)], removed: [] }, ofFlight))).toEqual(['d']);
  // Whether its text is what was looked for only the server knows.
  expect(ids(changed(rows, { images: [image('d', 4)], removed: [] }, { ...all, q: 'north' }))).toEqual(['c', 'b', 'a']);
});
