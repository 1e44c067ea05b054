import { expect, test } from 'vitest';
import type { Job } from '../api/types.ts';
import { JobSection } from './jobs.svelte.ts';

const job = (id: number, state: Job['state'], kind = 'count-file') => ({ id, state, kind }) as Job;
function section(...jobs: Job[]) {
  const made = new JobSection('running', 'Running', ['running'], 3);
  made.resource.data = { jobs, next: null };
  return made;
}
const ids = (of: JobSection) => of.jobs.map(({ id }) => id);

test('a job that changed changes in its place', () => {
  const running = section(job(4, 'running'), job(2, 'running'));
  const changed = { ...job(2, 'running'), attempt: 2 } as Job;
  running.take(changed);
  expect(ids(running)).toEqual([4, 2]);
  expect(running.jobs[1]).toBe(changed);
});

test('a job that began comes in by its age, one that ended goes', () => {
  const running = section(job(4, 'running'), job(2, 'running'));
  running.take(job(3, 'running'));
  expect(ids(running)).toEqual([4, 3, 2]);
  running.take(job(4, 'completed'));
  expect(ids(running)).toEqual([3, 2]);
  running.take(job(9, 'available'));
  expect(ids(running)).toEqual([3, 2]);
});

test('no more are shown than were asked for', () => {
  const running = section(job(4, 'running'), job(3, 'running'), job(2, 'running'));
  running.take(job(9, 'running'));
  expect(ids(running)).toEqual([9, 4, 3]);
});

test('before anything was read nothing is made up', () => {
  const running = new JobSection('running', 'Running', ['running'], 3);
  running.take(job(9, 'running'));
  expect(running.resource.data).toBeNull();
});
