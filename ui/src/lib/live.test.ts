import { afterEach, expect, test, vi } from 'vitest';
import { play, type Shot } from './live.ts';

afterEach(() => vi.unstubAllGlobals());

const part = (n: number) => {
  const head = new TextEncoder().encode('--frame\r\nContent-Length: 3\r\n\r\n');
  return Uint8Array.from([...head, 0xff, 0xd8, n, 13, 10]);
};

/** A server whose stream the test feeds, and a decoder that ends when the test says so. */
function stand(status = 200) {
  let feed!: ReadableStreamDefaultController<Uint8Array>;
  const decoding: ((failed?: boolean) => void)[] = [];
  const closed: number[] = [];
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (feed = controller) });
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body, { status })));
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
    const n = new Uint8Array(await blob.arrayBuffer())[2]!;
    await new Promise<void>((resolve, reject) => decoding.push((failed) => (failed ? reject(new Error('no picture')) : resolve())));
    return { n, close: () => closed.push(n) };
  });
  return { feed: (bytes: Uint8Array) => feed.enqueue(bytes), end: () => feed.close(), decoding, closed };
}

const number = (shot: Shot) => (shot.bitmap as unknown as { n: number }).n;

test('of pictures that come faster than they are decoded, the newest is shown', async () => {
  const server = stand();
  const shown: number[] = [];
  const abort = new AbortController();
  const played = play('/live', abort.signal, (shot) => shown.push(number(shot))).catch(() => 'ended');
  server.feed(part(1));
  await vi.waitFor(() => expect(server.decoding).toHaveLength(1));
  for (const n of [2, 3, 4]) server.feed(part(n));
  server.end();
  await expect(played).resolves.toBe('ended');
  server.decoding[0]!();
  await vi.waitFor(() => expect(server.decoding).toHaveLength(2));
  server.decoding[1]!();
  await vi.waitFor(() => expect(shown).toEqual([1, 4]));
});

test('a picture that was decoded after the end is given back, not shown', async () => {
  const server = stand();
  const abort = new AbortController();
  const show = vi.fn();
  const played = play('/live', abort.signal, show).catch(() => 'ended');
  server.feed(part(1));
  await vi.waitFor(() => expect(server.decoding).toHaveLength(1));
  abort.abort();
  server.end();
  server.decoding[0]!();
  await vi.waitFor(() => expect(server.closed).toEqual([1]));
  await played;
  expect(show).not.toHaveBeenCalled();
});

test('a server that ends the picture itself says why', async () => {
  const server = stand();
  const played = play('/live', new AbortController().signal, () => undefined);
  const body = JSON.stringify({ error: { code: 'unavailable', message: 'its process does not answer' } });
  server.feed(new TextEncoder().encode(`--frame\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n--frame--\r\n`));
  await expect(played).rejects.toThrow('its process does not answer');
});

test('a refusal, an end and a picture that cannot be decoded are failures', async () => {
  stand(409);
  await expect(play('/live', new AbortController().signal, () => undefined)).rejects.toThrow('409');
  const ended = stand();
  ended.end();
  await expect(play('/live', new AbortController().signal, () => undefined)).rejects.toThrow('ended');
  const broken = stand();
  const played = play('/live', new AbortController().signal, () => undefined);
  broken.feed(part(1));
  await vi.waitFor(() => expect(broken.decoding).toHaveLength(1));
  broken.decoding[0]!(true);
  await expect(played).rejects.toThrow('no picture');
});
