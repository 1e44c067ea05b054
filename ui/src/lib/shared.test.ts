import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Switchboard, type Port, type ToTab } from './shared.ts';

class FakeTab implements Port {
  heard: ToTab[] = [];
  postMessage(message: ToTab) {
    this.heard.push(message);
  }
  get mayPlay(): boolean {
    const last = this.heard.findLast((m) => m.type === 'picture');
    return last?.type === 'picture' && last.granted;
  }
}

let opened: number;
let closed: number;
let send: (text: string) => void;
let board: Switchboard;
let tabs: FakeTab[];

beforeEach(() => {
  vi.useFakeTimers();
  opened = closed = 0;
  const fakeFetch = (async (_: string, init: RequestInit) => {
    opened += 1;
    const body = new ReadableStream<Uint8Array>({
      start: (c) => {
        send = (text) => c.enqueue(new TextEncoder().encode(text));
        init.signal!.addEventListener('abort', () => {
          closed += 1;
          c.error(new DOMException('aborted', 'AbortError'));
        });
      },
    });
    return new Response(body);
  }) as unknown as typeof fetch;
  board = new Switchboard('/api/events', async () => true, fakeFetch);
  tabs = Array.from({ length: 5 }, () => new FakeTab());
  tabs.forEach((tab) => board.join(tab));
});
afterEach(() => {
  tabs.forEach((tab) => board.hear(tab, { type: 'bye' }));
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('five tabs share one stream, and each hears every event', async () => {
  await pass(0);
  send('event: loops\ndata: {}\n\n');
  await pass(0);
  expect(opened).toBe(1);
  for (const tab of tabs) expect(tab.heard).toContainEqual({ type: 'event', event: 'loops', data: {} });
});

test('a tab that comes later hears at once how it stands', async () => {
  await pass(0);
  const late = new FakeTab();
  board.join(late);
  expect(late.heard).toEqual([{ type: 'state', state: { state: 'live' } }]);
  board.hear(late, { type: 'bye' });
});

test('while no tab is seen, the stream ends, and it comes back with the first look', async () => {
  await pass(0);
  tabs.forEach((tab) => board.hear(tab, { type: 'visible', visible: false }));
  await pass(19_000);
  expect(board.watching).toBe(true);
  await pass(2000);
  expect(board.watching).toBe(false);
  expect(closed).toBe(1);
  board.hear(tabs[2]!, { type: 'visible', visible: true });
  await pass(0);
  expect(opened).toBe(2);
});

test('only a few live pictures at once; who leaves makes room', () => {
  tabs.forEach((tab) => board.hear(tab, { type: 'picture', want: true }));
  expect(tabs.map((t) => t.mayPlay)).toEqual([true, true, true, false, false]);
  board.hear(tabs[0]!, { type: 'picture', want: false });
  expect(tabs[3]!.mayPlay).toBe(true);
  board.hear(tabs[1]!, { type: 'bye' });
  expect(tabs[4]!.mayPlay).toBe(true);
});

test('the picture of a tab that died goes to another', async () => {
  tabs.slice(0, 4).forEach((tab) => board.hear(tab, { type: 'picture', want: true }));
  expect(tabs[3]!.mayPlay).toBe(false);
  await pass(10_000);
  tabs.slice(1, 4).forEach((tab) => board.hear(tab, { type: 'ping' }));
  await pass(6000);
  board.hear(tabs[3]!, { type: 'ping' });
  expect(tabs[3]!.mayPlay).toBe(true);
});
