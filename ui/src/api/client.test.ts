import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError, onLoginNeeded, read, sentence, url, write } from './client.ts';

const fetchMock = vi.fn<typeof fetch>();
beforeEach(() => vi.stubGlobal('fetch', fetchMock));
afterEach(() => {
  vi.unstubAllGlobals();
  fetchMock.mockReset();
  onLoginNeeded(() => Promise.resolve(false));
});
const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(status === 304 ? null : JSON.stringify(body), { status, headers });

test('a copy that did not change is the same object', async () => {
  fetchMock.mockResolvedValueOnce(json(200, { n: 1 }, { ETag: '"a"' })).mockResolvedValueOnce(json(304, null));
  const first = await read('/api/x1');
  const second = await read('/api/x1');
  expect(second).toBe(first);
  expect(fetchMock.mock.calls[1]![1]!.headers).toMatchObject({ 'If-None-Match': '"a"' });
});

test('an answer without an ETag is not kept', async () => {
  fetchMock.mockImplementation(async () => json(200, { n: 1 }));
  await read('/api/x2');
  await read('/api/x2');
  expect(fetchMock.mock.calls[1]![1]!.headers).not.toHaveProperty('If-None-Match');
});

test('an error comes in the server’s words, with its field', async () => {
  fetchMock.mockResolvedValueOnce(json(400, { error: { code: 'invalid', message: 'there is no file a.mp4', field: 'source' } }));
  const error = await write('POST', '/api/cameras', {}).catch((e) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ message: 'There is no file a.mp4.', code: 'invalid', status: 400, field: 'source' });
});

test('an answer of something else than Vedette is said to be one', async () => {
  fetchMock.mockResolvedValueOnce(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
  await expect(read('/api/x3')).rejects.toThrow('Vedette answered 502 Bad Gateway.');
});

test('a server that is not there is said to be away', async () => {
  fetchMock.mockRejectedValueOnce(new TypeError('failed to fetch'));
  await expect(read('/api/x4')).rejects.toMatchObject({ code: 'unreachable', status: 0 });
});

test('who went on is not told of errors', async () => {
  const abort = new AbortController();
  fetchMock.mockImplementation(async (_, init) => {
    abort.abort();
    init!.signal!.throwIfAborted();
    throw new Error('not reached');
  });
  await expect(read('/api/x5', abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
});

test('a refused write asks for a login once, then tries again', async () => {
  const ask = vi.fn(async () => true);
  onLoginNeeded(ask);
  fetchMock
    .mockResolvedValueOnce(json(401, { error: { code: 'unauthorized', message: 'log in' } }))
    .mockResolvedValueOnce(json(200, { ok: true }));
  expect(await write('PUT', '/api/cameras/a', {})).toEqual({ ok: true });
  expect(ask).toHaveBeenCalledOnce();
});

test('without a login the refusal stands', async () => {
  fetchMock.mockResolvedValue(json(401, { error: { code: 'unauthorized', message: 'log in' } }));
  await expect(write('DELETE', '/api/cameras/a')).rejects.toMatchObject({ status: 401 });
  expect(fetchMock).toHaveBeenCalledOnce();
});

test('an answer without a body is none', async () => {
  fetchMock.mockResolvedValueOnce(new Response(null, { status: 204 }));
  expect(await write('DELETE', '/api/cameras/a')).toBeUndefined();
});

test('addresses leave out what is not said', () => {
  expect(url('/api/x', { a: 'b c', n: 0, none: null, empty: '' })).toBe('/api/x?a=b%20c&n=0');
  expect(url('/api/x', {})).toBe('/api/x');
});

test('sentences', () => {
  expect(sentence('connection refused')).toBe('Connection refused.');
  expect(sentence('Is it on?')).toBe('Is it on?');
  expect(sentence('  ')).toBe('');
});
