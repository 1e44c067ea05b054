import { expect, test } from 'vitest';
import type { Loop } from '../api/types.ts';
import { sourceKind, sourceProblem } from './source.ts';
import { groupLoops, needsLook, tone, toneOf } from './states.ts';

const isBad = ({ state }: Partial<Loop>) => state === 'retrying' || state === 'unreachable';
const loop = (change: Partial<Loop>): Loop => ({
  name: 'rollup', title: 'Roll-up', role: 'keep', state: 'running', word: '', health: isBad(change) ? 'bad' : 'good', cause: null, since: null, attempts: 0, held_by: null, token: null,
  last_success_at: null, took_ms: null, next_at: null, restarts: 0, last_error: null, last_error_at: null, process: 'north-1', ...change,
});

test('a state nobody knows yet is no good news', () => {
  expect(tone('running')).toBe('good');
  expect(tone('retrying')).toBe('bad');
  expect(tone('someday' as never)).toBe('wait');
});

test('one row a loop: the holder speaks, the others stand by', () => {
  const [group, ...more] = groupLoops([
    loop({ state: 'standby', process: 'north-1' }),
    loop({ state: 'waiting', process: 'north-2', held_by: 'north-2', token: 4 }),
    loop({ state: 'standby', process: 'north-3' }),
  ]);
  expect(more).toEqual([]);
  expect(group!.main.token).toBe(4);
  expect(group!.standby).toEqual(['north-1', 'north-3']);
});

test('a loop that nobody holds shows its trouble', () => {
  const [group] = groupLoops([loop({ state: 'standby' }), loop({ state: 'retrying', process: 'north-2' })]);
  expect(needsLook(group!.main)).toBe(true);
});

test('what needs a look comes first, then by title', () => {
  const groups = groupLoops([
    loop({ name: 'b', title: 'B' }), loop({ name: 'a', title: 'A' }), loop({ name: 'z', title: 'Z', state: 'unreachable' }),
  ]);
  expect(groups.map((g) => g.main.title)).toEqual(['Z', 'A', 'B']);
});

test.each([
  ['rtsp://10.0.4.17/s', false, 'rtsp'], ['RTSPS://x', false, 'rtsp'], ['https://x/v.mjpg', false, 'http'], ['/dev/video2', false, 'device'],
  ['/data/a.mp4', true, 'loop'], ['/data/a.mp4', false, 'file'], ['/dev/video2/x.mp4', false, 'file'],
])('%s is a source of its kind', (source, isLoop, kind) => expect(sourceKind({ source, loop: isLoop })).toBe(kind));

test('a source must be of the chosen kind', () => {
  expect(sourceProblem('rtsp', 'rtsp://10.0.4.17/s')).toBeNull();
  expect(sourceProblem('rtsp', '10.0.4.17')).toContain('rtsp://');
  expect(sourceProblem('http', 'rtsp://x')).toContain('http://');
  expect(sourceProblem('device', 'video0')).toContain('/dev/video0');
  expect(sourceProblem('loop', '/data/a b.mp4')).toBeNull();
  expect(sourceProblem('file', 'clips/a.mp4')).toContain('whole path');
  expect(sourceProblem('file', 'http://x')).toContain('address');
  expect(sourceProblem('file', '  ')).toContain('for example');
});

test('what runs too slowly needs a look, in a camera and in its task', () => {
  const cause = '9.5 of 25 pictures a second are looked at; counts may be low.';
  expect(toneOf({ state: 'running', cause })).toBe('wait');
  expect(toneOf({ state: 'running', cause: null })).toBe('good');
  expect(toneOf({ state: 'finished', cause: null, health: 'good' })).toBe('idle');
  expect(needsLook(loop({ health: 'wait', cause }))).toBe(true);
  expect(needsLook(loop({}))).toBe(false);
});
