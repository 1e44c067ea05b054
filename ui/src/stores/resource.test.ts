import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../api/client.ts';
import { Resource } from './resource.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const away = new ApiError('away', 'unavailable', 503);

test('a failed read keeps the old value and is tried again until it succeeds', async () => {
  const fetch = vi.fn(async () => 1);
  const r = new Resource<number>(fetch);
  r.open('/a');
  await pass(0);
  fetch.mockRejectedValueOnce(away).mockRejectedValueOnce(away);
  r.refresh();
  await pass(0);
  expect([r.data, r.error?.message]).toEqual([1, 'away']);
  await pass(2000);
  expect(r.error).not.toBeNull();
  await pass(4000);
  expect([r.data, r.error]).toEqual([1, null]);
  expect(fetch).toHaveBeenCalledTimes(4);
});

test('what was asked for wrongly is not asked for again', async () => {
  const fetch = vi.fn(async () => Promise.reject(new ApiError('no', 'not_found', 404)));
  const r = new Resource(fetch);
  r.open('/a');
  await pass(120_000);
  expect(fetch).toHaveBeenCalledOnce();
});

test('many wishes to read again are one read', async () => {
  const fetch = vi.fn(async () => 1);
  const r = new Resource<number>(fetch);
  r.open('/a');
  await pass(0);
  for (let i = 0; i < 100; i += 1) {
    r.refreshSoon(5000);
    await pass(100);
  }
  expect(fetch.mock.calls.length).toBeLessThanOrEqual(3);
  await pass(5000);
  expect(fetch).toHaveBeenCalledTimes(3);
});

test('the answer of the address before is not shown', async () => {
  let answer!: (n: number) => void;
  const fetch = vi.fn((path: string) => (path === '/a' ? new Promise<number>((r) => (answer = r)) : Promise.resolve(2)));
  const r = new Resource<number>(fetch);
  r.open('/a');
  r.open('/b');
  await pass(0);
  answer(1);
  await pass(0);
  expect(r.data).toBe(2);
});

test('another address keeps the value on show only when asked to', async () => {
  const r = new Resource<string>(async (path) => path);
  r.open('/a');
  await pass(0);
  r.open('/b', true);
  expect([r.data, r.turning]).toEqual(['/a', true]);
  await pass(0);
  expect([r.data, r.turning]).toEqual(['/b', false]);
  r.open('/c');
  expect([r.data, r.loading]).toEqual([null, true]);
});

test('another version of an address is read once, and the value stays until it is there', async () => {
  let n = 0;
  const fetch = vi.fn(async (path: string) => `${path} ${(n += 1)}`);
  const r = new Resource<string>(fetch);
  r.open('/a', false, 'v1');
  r.open('/a', false, 'v1');
  await pass(0);
  expect([r.data, fetch.mock.calls.length]).toEqual(['/a 1', 1]);
  r.open('/a', false, 'v2');
  expect([r.data, r.turning]).toEqual(['/a 1', false]);
  await pass(0);
  expect([r.data, fetch.mock.calls.length]).toEqual(['/a 2', 2]);
  // Both at once are one read.
  r.open('/b', true, 'v3');
  expect([r.data, r.turning]).toEqual(['/a 2', true]);
  await pass(0);
  expect([r.data, fetch.mock.calls.length]).toEqual(['/b 3', 3]);
  r.close();
  r.open('/b', true, 'v3');
  await pass(0);
  expect(fetch).toHaveBeenCalledTimes(4);
});

test('closed it reads no more', async () => {
  const fetch = vi.fn(async () => Promise.reject(away));
  const r = new Resource(fetch);
  r.open('/a');
  await pass(0);
  r.close();
  await pass(60_000);
  expect(fetch).toHaveBeenCalledOnce();
});
