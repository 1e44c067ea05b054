import { beforeEach, expect, test, vi } from 'vitest';

/** A browser's history, as far as dialogs use it. */
const entries: string[] = [];
let popped: () => void = () => undefined;
let dialogs: typeof import('./dialogs.svelte.ts').dialogs;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  entries.splice(0, entries.length, 'page before', 'page');
  vi.stubGlobal('location', { href: '/here' });
  vi.stubGlobal('history', { pushState: () => entries.push('dialog'), back: () => (entries.pop(), popped()) });
  ({ dialogs } = await import('./dialogs.svelte.ts'));
  popped = () => dialogs.takesBack();
});
const back = async () => {
  entries.pop();
  const taken = dialogs.takesBack();
  await vi.runAllTimersAsync();
  return taken;
};

test('Back closes the dialog and stays on the page; the next Back leaves', async () => {
  const close = dialogs.opened(() => close());
  expect(await back()).toBe(true);
  expect(entries).toEqual(['page before', 'page']);
  expect(await back()).toBe(false);
});

test('a dialog that asks first is asked by each Back', async () => {
  const ask = vi.fn();
  dialogs.opened(ask);
  for (let n = 1; n <= 3; n += 1) {
    expect(await back()).toBe(true);
    expect(ask).toHaveBeenCalledTimes(n);
    expect(entries).toEqual(['page before', 'page', 'dialog']);
  }
});

test('closed otherwise, it leaves no entry behind, and nobody is asked', async () => {
  const ask = vi.fn();
  dialogs.opened(ask)();
  await vi.runAllTimersAsync();
  expect(entries).toEqual(['page before', 'page']);
  expect(ask).not.toHaveBeenCalled();
  expect(dialogs.takesBack()).toBe(false);
});

test('one that follows another, or an address, takes its entry', async () => {
  const first = dialogs.opened(() => undefined);
  first();
  const second = dialogs.opened(() => second());
  await vi.runAllTimersAsync();
  expect(entries).toEqual(['page before', 'page', 'dialog']);
  second();
  expect(dialogs.givesEntry()).toBe(true);
  await vi.runAllTimersAsync();
  expect(entries).toEqual(['page before', 'page', 'dialog']);
});

test('of two, Back closes the upper one', async () => {
  const lower = vi.fn();
  dialogs.opened(lower);
  const upper = dialogs.opened(() => upper());
  await back();
  expect(lower).not.toHaveBeenCalled();
  expect(entries).toEqual(['page before', 'page', 'dialog']);
  await back();
  expect(lower).toHaveBeenCalledOnce();
});
