import { expect, test } from 'vitest';
import type { Job, JobKind } from '../api/types.ts';
import { attemptWords, doneWords, few, isQuiet, jobTone, jobWord, kindState, leftWords, queueSummary, share, shareWords } from './jobs.ts';

const now = new Date('2026-11-27T14:00:00Z');
const at = (s: number) => new Date(now.getTime() + s * 1000).toISOString();
const job = (change: Partial<Job>) => ({ state: 'available', is_cancelling: false, run_at: at(-5), open_children: 0, ...change }) as Job;
const kind = (change: Partial<JobKind> = {}): JobKind => ({
  kind: 'count-file', title: 'Count a recorded file', is_paused: false, available: 0, scheduled: 0, running: 0, failed: 0, is_more: false, oldest_ready: null,
  completed_hour: 0, completed_day: 0, discarded_day: 0, failures_day: 0, crashes_day: 0, mean_s: null, last_error: null, last_error_at: null, ...change,
});

test('beyond what is counted no figure is made up', () => {
  expect(few(9_999)).toBe('9,999');
  expect(few(10_000)).toBe('10,000 or more');
  // Of two kinds, each counted to its end or not.
  expect(few(10_003)).toBe('10,000 or more');
});

test('a job says what it waits for', () => {
  expect(jobWord(job({}), now)).toBe('waiting');
  expect(jobWord(job({ run_at: at(26) }), now)).toBe('begins in 26 s');
  expect(jobWord(job({ open_children: 1 }), now)).toBe('waits for 1 part');
  expect(jobWord(job({ state: 'failed', run_at: at(120) }), now)).toBe('failed, tried again in 2 min');
  expect(jobWord(job({ state: 'discarded' }), now)).toBe('failed');
  expect(jobWord(job({ state: 'running', is_cancelling: true }), now)).toBe('stopping');
  expect(jobTone(job({ state: 'running', is_cancelling: true }))).toBe('wait');
  expect(jobTone(job({ state: 'discarded' }))).toBe('bad');
  expect(jobTone(job({ state: 'someday' as never }))).toBe('wait');
});

test('progress is never more exact than it is known', () => {
  expect(share({ done: 3, total: null })).toBeNull();
  expect(share({ done: 30, total: 12 })).toBe(1);
  expect(shareWords({ done: 999, total: 1000 })).toBe('99 %');
  expect(doneWords({ done: 3412, total: 12_000 }, 'picture')).toBe('3,412 of 12,000 pictures');
  expect(doneWords({ done: 3412, total: null }, 'picture')).toBe('3,412 pictures so far');
  expect(doneWords({ done: 0, total: null }, 'picture')).toBe('');
  expect(leftWords(null)).toBe('');
  expect(leftWords(0.2)).toBe('done in a moment');
  expect(leftWords(41.2)).toBe('about 42 s left');
  expect(leftWords(61)).toBe('about 2 min left');
  expect(leftWords(7000)).toBe('about 2 h left');
});

test('failures and crashes are told apart', () => {
  expect(attemptWords({ failures: 0, crashes: 0 })).toBe('');
  expect(attemptWords({ failures: 1, crashes: 2 })).toBe('failed once, its process ended under it 2 times');
});

test('a kind that nobody takes is said to be so, a paused one is not', () => {
  const stuck = { available: 3, oldest_ready: at(-90) };
  expect(kindState(kind(stuck), now)).toMatchObject({ tone: 'bad', word: 'nobody takes it' });
  expect(kindState(kind({ ...stuck, is_paused: true }), now)).toMatchObject({ tone: 'wait', word: 'paused' });
  expect(kindState(kind({ ...stuck, running: 1 }), now)).toMatchObject({ tone: 'good', word: '1 running' });
  expect(kindState(kind({ available: 3, oldest_ready: at(-1) }), now).tone).toBe('good');
  // What runs is counted to its end.
  expect(kindState(kind({ running: 10_000 }), now).word).toBe('10,000 running');
  expect(kindState(kind(), now)).toMatchObject({ tone: 'idle', word: 'nothing to do' });
});

test('a kind without anything to show is small', () => {
  expect(isQuiet(kind())).toBe(true);
  expect(isQuiet(kind({ is_paused: true }))).toBe(false);
  expect(isQuiet(kind({ completed_day: 1 }))).toBe(false);
});

test('the summary says what runs, waits and failed, and is silent about nothing', () => {
  expect(queueSummary([kind()])).toBeNull();
  expect(queueSummary([kind({ running: 2 }), kind({ available: 10_000 })])).toBe('2 running, 10,000 or more waiting');
  expect(queueSummary([kind({ discarded_day: 1 })])).toBe('1 failed in the last 24 h');
  expect(queueSummary([kind({ running: 10_000, available: 9_999, discarded_day: 12_000 })])).toBe('10,000 running, 9,999 waiting, 12,000 failed in the last 24 h');
});
