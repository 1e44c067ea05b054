import { expect, test } from 'vitest';
import type { Camera, Kpi } from '../api/types.ts';
import { asksWhetherOn, axisOf, grainOfSpan, isRecorded, isSavedOn, isUnderWay, outdatedWords, position, progressWords, recordedFigures, spanOf, spanWords, stateOf, withJob, type Counting } from './recording.ts';

const none: Counting = { job: null, state: null, progress: null, error: null, counted_at: null, is_outdated: false, from: null, to: null, times_from: null, exports: false };
const counted: Counting = { ...none, job: 7, state: 'completed', counted_at: '2026-11-27T14:00:00Z', from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:00:12Z' };
const line = (id: string, created_at: string) => ({ id, name: id, x1: 0, y1: 0, x2: 9, y2: 9, width: 320, height: 240, a_to_b: 'up', b_to_a: 'down', is_named: false, created_at });
const camera = (count: Counting | null, change: Partial<Camera> = {}) =>
  ({
    id: 'clip', source: '/clips/a.avi', loop: false, starts_at: null, created_at: '2026-11-27T13:00:00Z', lines: [],
    status: { state: 'finished', word: 'finished', cause: null, media_s: null }, count, ...change,
  }) as unknown as Camera;
const progress = { done: 3412, total: 12_000, message: '', left_s: 100 };

test('a recorded camera is neither live nor down: its count says how it is', () => {
  const live = camera(null, { source: 'rtsp://10.0.4.17/1', status: { state: 'running', word: 'running', cause: null } as Camera['status'] });
  expect(isRecorded(live)).toBe(false);
  expect(stateOf(live)).toEqual({ tone: 'good', word: 'running' });
  expect(isRecorded(camera(null, { loop: true }))).toBe(false);
  expect(isRecorded(camera(null))).toBe(true);
  expect(stateOf(camera(null))).toEqual({ tone: 'idle', word: 'not counted yet' });
  expect(stateOf(camera(none))).toEqual({ tone: 'idle', word: 'not counted yet' });
  expect(stateOf(camera({ ...none, state: 'running', progress }))).toEqual({ tone: 'good', word: 'counting, 28 %' });
  expect(stateOf(camera({ ...none, state: 'running', progress: { ...progress, total: null } })).word).toBe('counting');
  expect(stateOf(camera({ ...none, state: 'discarded' }))).toEqual({ tone: 'bad', word: 'could not be counted' });
  expect(stateOf(camera({ ...counted, state: 'cancelled' })).word).toBe('counted');
  expect(stateOf(camera({ ...counted, is_outdated: true })).tone).toBe('wait');
});

test('a recording that is switched off stays so until it is asked for', () => {
  const [on, off] = [{ enabled: true }, { enabled: false }];
  // Edited: its name, say.
  expect([asksWhetherOn(true, off, false), isSavedOn(true, off, false)]).toEqual([true, false]);
  expect([asksWhetherOn(true, off, true), isSavedOn(true, off, true)]).toEqual([true, true]);
  expect([asksWhetherOn(true, on, true), isSavedOn(true, on, true)]).toEqual([false, true]);
  // A live one that was switched off in the form, then made a recording: not in silence.
  expect([asksWhetherOn(true, on, false), isSavedOn(true, on, false)]).toEqual([true, false]);
  // A new one is there to be counted.
  expect([asksWhetherOn(true, undefined, true), isSavedOn(true, undefined, true)]).toEqual([false, true]);
  expect(isSavedOn(true, undefined, false)).toBe(true);
  // What is live is as it was chosen.
  for (const given of [on, off, undefined]) {
    for (const chosen of [true, false]) expect([asksWhetherOn(false, given, chosen), isSavedOn(false, given, chosen)]).toEqual([true, chosen]);
  }
});

test('what the queue says is shown, what was counted stays', () => {
  const count = withJob(counted, { id: 8, state: 'running', progress, error: null });
  expect(count).toMatchObject({ job: 8, state: 'running', counted_at: counted.counted_at });
  expect(isUnderWay(count)).toBe(true);
  expect(isUnderWay(counted)).toBe(false);
  expect(progressWords(count)).toBe('3,412 of 12,000 pictures, about 2 min left');
  expect(progressWords(none)).toBe('Looking at the first pictures.');
});

test('the time of a recording is its own', () => {
  expect(spanOf(camera(none))).toBeNull();
  expect(spanOf(camera(counted))!.from.toISOString()).toBe('2026-11-20T10:00:00.000Z');
  expect(spanOf(camera(counted))!.end.toISOString()).toBe('2026-11-20T10:00:12.000Z');
  const now = new Date(2026, 10, 27, 14);
  expect(spanWords({ from: new Date(2026, 10, 20, 10, 0, 0), end: new Date(2026, 10, 20, 10, 0, 12), open: false }, now)).toBe('20 Nov, 10:00:00 – 10:00:12');
  expect(spanWords({ from: new Date(2026, 10, 20, 22), end: new Date(2026, 10, 21, 3), open: false }, now)).toBe('20 Nov, 22:00 – 21 Nov, 03:00');
  expect(position(new Date(2026, 0, 1, 0, 1, 4), new Date(2026, 0, 1))).toBe('1:04');
  expect(position(new Date(2026, 0, 1, 0, 0, 4, 370), new Date(2026, 0, 1), true)).toBe('0:04.3');
  expect(position(new Date(2026, 0, 1, 1, 2, 4), new Date(2026, 0, 1))).toBe('1:02:04');
});

test('bars fit the length, and lie whole around it', () => {
  const span = (minutes: number) => ({ from: new Date(2026, 10, 20, 10, 2, 30), end: new Date(2026, 10, 20, 10, 2 + minutes, 30), open: false });
  expect(grainOfSpan(span(4))).toBeNull();
  expect(grainOfSpan(span(120))).toBe('5min');
  expect(grainOfSpan(span(600))).toBe('hour');
  expect(grainOfSpan(span(60 * 24 * 20))).toBe('day');
  expect(axisOf(span(20), '5min')).toMatchObject({ from: new Date(2026, 10, 20, 10, 0), end: new Date(2026, 10, 20, 10, 25) });
  expect(axisOf({ ...span(0), end: new Date(2026, 10, 20, 11) }, 'hour')).toMatchObject({ from: new Date(2026, 10, 20, 10), end: new Date(2026, 10, 20, 11) });
});

test('a line drawn after the recording has its figure; one drawn after the count has none', () => {
  const kpi = { lines: [{ line_id: 'old', direction: 'a_to_b', vehicles: 5 }, { line_id: 'new', direction: 'a_to_b', vehicles: 0 }] } as unknown as Kpi;
  const at = camera({ ...counted, is_outdated: true }, { lines: [line('old', '2026-11-27T13:50:00Z'), line('new', '2026-11-27T14:05:00Z')] });
  expect(recordedFigures(kpi, at).map((row) => row.vehicles)).toEqual([5, null]);
  expect(outdatedWords(at)).toBe('Lines have changed since this was counted.');
  expect(outdatedWords(camera({ ...counted, is_outdated: true }))).toContain('model');
  expect(outdatedWords(camera(counted))).toBe('');
});
