// The one place that talks to the API. Reads carry the ETag of the copy at hand, so that an answer
// that did not change costs nothing; errors come as words.

export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

const kTimeoutMs = 20_000;
const kCopies = 64;
const copies = new Map<string, { etag: string; value: unknown }>();

/** How far the server's clock is ahead of ours, milliseconds. */
let skewMs = 0;

/** The server's present time, as far as the answers tell. */
export function serverNow(): Date {
  return new Date(Date.now() + skewMs);
}

/** Asked when a write is refused for want of a login; resolves to whether the reader logged in. */
let askLogin: () => Promise<boolean> = () => Promise.resolve(false);
export function onLoginNeeded(ask: () => Promise<boolean>) {
  askLogin = ask;
}

/** GET. The same object as last time when nothing changed. Throws ApiError, or AbortError. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const copy = copies.get(path);
  const response = await send(path, {
    headers: { Accept: 'application/json', ...(copy ? { 'If-None-Match': copy.etag } : {}) },
    cache: 'no-store',
    signal,
  });
  if (response.status === 304 && copy) return copy.value as T;
  if (!response.ok) throw await errorOf(response);
  const value = (await response.json()) as T;
  const etag = response.headers.get('ETag');
  copies.delete(path);
  if (etag) {
    copies.set(path, { etag, value });
    if (copies.size > kCopies) copies.delete(copies.keys().next().value!);
  }
  return value;
}

/** POST, PUT or DELETE. Asks once for a login where one is needed, then tries again. Throws ApiError. */
export async function write<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const text = await (await written(method, path, body)).text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/**
 * As `write`, for an answer that is no JSON; GET for what only those may read who may change something. Throws ApiError, or
 * AbortError.
 */
export async function written(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const request = () =>
    send(path, {
      method,
      signal,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  let response = await request();
  if (response.status === 401 && path !== '/api/login' && (await askLogin())) response = await request();
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Whether the server answers at all. */
export async function isThere(): Promise<boolean> {
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const timeout = AbortSignal.timeout(kTimeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  try {
    const response = await fetch(path, { ...init, signal });
    noteClock(response);
    return response;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw timeout.aborted
      ? new ApiError('Vedette did not answer within 20 s. It may be busy; this page tries again.', 'timeout', 0)
      : new ApiError('Vedette does not answer. Check that it is running; this page tries again by itself.', 'unreachable', 0);
  }
}

function noteClock(response: Response) {
  const date = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(date)) return;
  // The header has whole seconds: small differences mean nothing.
  const skew = date + 500 - Date.now();
  skewMs = Math.abs(skew) > 2000 ? skew : 0;
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; field?: string };
    };
    return new ApiError(sentence(error.message), error.code, response.status, error.field ?? null);
  } catch {
    return new ApiError(`Vedette answered ${response.status} ${response.statusText}`.trim() + '.', 'http', response.status);
  }
}

/** `no such camera` to `No such camera.` */
export function sentence(text: string): string {
  const t = text.trim();
  if (t === '') return t;
  return t.charAt(0).toUpperCase() + t.slice(1) + (/[.!?…]$/.test(t) ? '' : '.');
}

/** `/api/x?a=1&b=2`, leaving out what is null. */
export function url(path: string, query: Record<string, string | number | null | undefined>): string {
  const parts = Object.entries(query)
    .filter(([, v]) => v !== null && v !== undefined && v !== '')
    .map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`);
  return parts.length > 0 ? `${path}?${parts.join('&')}` : path;
}

export function cameraPath(id: string, rest = ''): string {
  return `/api/cameras/${encodeURIComponent(id)}${rest}`;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(`The answer could not be read: ${String(error)}`, 'internal', 0);
}
