import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventStream, kGiveUpMs, kGraceMs, kSilenceMs, pauseMs, SseParser, type Liveness } from './sse.ts';

describe('the parser', () => {
  const all = (...chunks: string[]) => {
    const parser = new SseParser();
    return chunks.flatMap((chunk) => parser.push(chunk));
  };
  const stream = 'retry: 2000\n\nid: a-1\nevent: history\ndata: {"n":1}\n\n: alive\n\ndata:x\ndata: y\n\n';
  const expected = [
    { event: 'history', data: '{"n":1}', id: 'a-1' },
    { event: 'message', data: 'x\ny', id: 'a-1' },
  ];

  test('whatever the chunks and line ends', () => {
    expect(all(stream)).toEqual(expected);
    expect(all(...stream)).toEqual(expected);
    expect(all(...stream.replaceAll('\n', '\r\n'))).toEqual(expected);
    expect(all(stream.replaceAll('\n', '\r') + ':')).toEqual(expected);
  });
  test('an event without its end is not an event', () => expect(all('data: 1\n')).toEqual([]));
  test('an event without data is not an event', () => expect(all('event: a\nid: 7\n\n')).toEqual([]));
});

test('pauses grow to a bound and differ', () => {
  expect(pauseMs(1, 1)).toBe(500);
  expect(pauseMs(1, 0)).toBe(250);
  expect(pauseMs(4, 1)).toBe(4000);
  expect(pauseMs(50, 1)).toBe(15_000);
});

/** A server whose connections the test holds in its hand. */
class FakeServer {
  connections: { headers: Record<string, string>; send: (text: string) => void; end: () => void }[] = [];
  refuse = false;
  readonly fetch = (async (_url: string, init: RequestInit) => {
    if (this.refuse) throw new TypeError('failed to fetch');
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
    init.signal!.addEventListener('abort', () => {
      try {
        controller.error(new DOMException('aborted', 'AbortError'));
      } catch {
        // Ended already.
      }
    });
    this.connections.push({
      headers: init.headers as Record<string, string>,
      send: (text) => controller.enqueue(new TextEncoder().encode(text)),
      end: () => controller.close(),
    });
    return new Response(body);
  }) as unknown as typeof fetch;
}

describe('the stream', () => {
  let server: FakeServer;
  let events: [string, unknown][];
  let states: Liveness[];
  let there: boolean;
  let stream: EventStream;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
    events = [];
    states = [];
    there = true;
    stream = new EventStream({
      url: '/api/events',
      fetch: server.fetch,
      random: () => 1,
      probe: async () => there,
      onEvent: (event, data) => events.push([event, data]),
      onState: (state) => states.push(state),
    });
  });
  afterEach(() => {
    stream.stop();
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const last = () => states.at(-1)!.state;

  test('passes events on; one that is no JSON is left out', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    stream.start();
    await pass(0);
    server.connections[0]!.send('event: loops\ndata: {"a":1}\n\nevent: bad\ndata: {\n\n');
    await pass(0);
    expect(events).toEqual([['loops', { a: 1 }]]);
    expect(last()).toBe('live');
  });

  test('comes back after the end and continues after the last event', async () => {
    stream.start();
    await pass(0);
    server.connections[0]!.send('id: e-7\nevent: loops\ndata: {}\n\n');
    await pass(0);
    server.connections[0]!.end();
    await pass(500);
    expect(server.connections).toHaveLength(2);
    expect(server.connections[1]!.headers['Last-Event-ID']).toBe('e-7');
    await pass(kGraceMs);
    server.connections[1]!.send(': alive\n\n');
    await pass(0);
    // A break shorter than the grace is not worth a word.
    expect(states.map((s) => s.state)).toEqual(['live', 'live']);
    expect(events).toEqual([['loops', {}]]);
  });

  test('without an id to continue from, everything is to be read again', async () => {
    stream.start();
    await pass(0);
    server.connections[0]!.end();
    await pass(500);
    expect(events).toEqual([['reset', { reason: 'reconnected' }]]);
  });

  test('says stale when the server stays away, and since when', async () => {
    stream.start();
    await pass(0);
    const heard = Date.now();
    server.refuse = true;
    server.connections[0]!.end();
    await pass(kGraceMs + 10);
    expect(states.at(-1)).toEqual({ state: 'stale', asOf: heard, reason: 'the server ended the stream' });
    await pass(60_000);
    server.refuse = false;
    await pass(15_000);
    expect(last()).toBe('live');
  });

  test('quiet is not dead while the server answers', async () => {
    stream.start();
    await pass(0);
    await pass(kSilenceMs * 3);
    expect(last()).toBe('live');
    expect(server.connections).toHaveLength(1);
  });

  test('a silence that lasts is ended by a new connection', async () => {
    stream.start();
    await pass(0);
    await pass(kGiveUpMs + kSilenceMs + 1000);
    expect(server.connections.length).toBeGreaterThan(1);
    expect(last()).toBe('live');
  });

  test('silence of a server that does not answer is stale within 10 s', async () => {
    stream.start();
    await pass(0);
    there = false;
    server.refuse = true;
    await pass(kSilenceMs + 10);
    expect(states.at(-1)).toMatchObject({ state: 'stale', reason: 'the server does not answer' });
  });

  test('comments are a sign of life', async () => {
    stream.start();
    await pass(0);
    there = false;
    for (let i = 0; i < 5; i += 1) {
      await pass(5000);
      server.connections[0]!.send(': alive\n\n');
    }
    await pass(0);
    expect(last()).toBe('live');
  });

  test('back online it does not wait for the next attempt', async () => {
    server.refuse = true;
    stream.start();
    await pass(20_000);
    server.refuse = false;
    stream.hurry();
    await pass(0);
    expect(last()).toBe('live');
  });

  test('stopped it stays stopped', async () => {
    stream.start();
    await pass(0);
    stream.stop();
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
    expect(stream.running).toBe(false);
    expect(last()).toBe('live');
  });
});
