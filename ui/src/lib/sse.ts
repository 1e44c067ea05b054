// Reads server-sent events by fetch, so that heartbeats (comment lines) count as a sign of life and
// a refusal can be read. One EventStream is one connection that comes back by itself.

export interface SseEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Cuts a text/event-stream into events, whatever the chunks it arrives in. */
export class SseParser {
  #buffer = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;
  /** The server's wish for the pause before a reconnection, milliseconds. */
  retryMs: number | null = null;

  push(chunk: string): SseEvent[] {
    this.#buffer += chunk;
    const events: SseEvent[] = [];
    for (;;) {
      const end = this.#buffer.search(/\r\n|\n|\r/);
      // A lone CR at the very end may be half of a CRLF.
      if (end < 0 || (this.#buffer[end] === '\r' && end === this.#buffer.length - 1)) return events;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + (this.#buffer.startsWith('\r\n', end) ? 2 : 1));
      if (line === '') {
        if (this.#data.length > 0) {
          events.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
        }
        this.#event = '';
        this.#data = [];
      } else {
        this.#field(line);
      }
    }
  }

  #field(line: string) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}

export type Liveness =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'stale'; asOf: number; reason: string };

export interface EventStreamOptions {
  url: string;
  onEvent: (event: string, data: unknown) => void;
  onState: (state: Liveness) => void;
  /** Whether the server answers at all; asked when the stream is silent. */
  probe: () => Promise<boolean>;
  fetch?: typeof fetch;
  random?: () => number;
}

export const kSilenceMs = 10_000;
export const kGiveUpMs = 45_000;
export const kGraceMs = 1_500;
const kLongestPauseMs = 15_000;

/** Pause before the n-th attempt (from 1), with jitter, so that all tabs do not come back at once. */
export function pauseMs(attempt: number, random: number): number {
  return Math.min(kLongestPauseMs, 500 * 2 ** (attempt - 1)) * (0.5 + random / 2);
}

export class EventStream {
  readonly #options: Required<EventStreamOptions>;
  #abort: AbortController | null = null;
  #lastId: string | null = null;
  #lastHeard = 0;
  #attempt = 0;
  #opened = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventStreamOptions) {
    // Not bound to `options`: the global fetch refuses any other `this`.
    this.#options = { fetch: (...request) => fetch(...request), random: Math.random, ...options };
  }

  get running(): boolean {
    return this.#abort !== null || this.#retryTimer !== undefined;
  }

  start() {
    if (this.running) return;
    this.#attempt = 0;
    void this.#connect();
  }

  /** Ends the connection; start() continues after the last event seen. */
  stop() {
    this.#clear();
    this.#abort?.abort();
    this.#abort = null;
  }

  /** The network is said to be back: no need to wait for the next attempt. */
  hurry() {
    if (this.#retryTimer === undefined) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    void this.#connect();
  }

  /** Looks at once whether the server is there, for example when the network is said to be gone. */
  suspect() {
    if (this.#abort) void this.#onSilence(this.#abort);
  }

  async #connect() {
    const abort = new AbortController();
    this.#abort = abort;
    this.#retryTimer = undefined;
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.#lastId !== null) headers['Last-Event-ID'] = this.#lastId;
      this.#watch(abort);
      const response = await this.#options.fetch(this.#options.url, {
        headers,
        cache: 'no-store',
        signal: abort.signal,
      });
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        throw new Error(`the server answered ${response.status}`);
      }
      this.#onOpen(abort);
      await this.#read(response.body, abort);
      throw new Error('the server ended the stream');
    } catch (error) {
      if (this.#abort === abort) this.#onLoss(error);
    }
  }

  #onOpen(abort: AbortController) {
    if (this.#abort !== abort) return;
    const missed = this.#opened && this.#lastId === null;
    this.#opened = true;
    this.#heard(abort);
    this.#options.onState({ state: 'live' });
    // Without an id to continue from, nobody can tell what happened meanwhile.
    if (missed) this.#options.onEvent('reset', { reason: 'reconnected' });
  }

  async #read(body: ReadableStream<Uint8Array>, abort: AbortController) {
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.#abort !== abort) return;
        this.#heard(abort);
        this.#attempt = 0;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          if (event.id !== null) this.#lastId = event.id;
          this.#deliver(event);
        }
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  #deliver(event: SseEvent) {
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      console.warn(`an event "${event.event}" was not JSON and was left out`);
      return;
    }
    this.#options.onEvent(event.event, data);
  }

  #heard(abort: AbortController) {
    this.#lastHeard = Date.now();
    clearTimeout(this.#graceTimer);
    this.#graceTimer = undefined;
    this.#watch(abort);
  }

  #watch(abort: AbortController) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => void this.#onSilence(abort), kSilenceMs);
  }

  /** Quiet is not dead: nothing may have happened. Whether the server answers decides. */
  async #onSilence(abort: AbortController) {
    const heardBefore = this.#lastHeard;
    const there = await this.#options.probe();
    if (this.#abort !== abort || this.#lastHeard !== heardBefore) return;
    if (!there) return this.#lose(abort, 'the server does not answer');
    if (Date.now() - this.#lastHeard >= kGiveUpMs) return this.#lose(abort, 'the stream fell silent');
    this.#watch(abort);
  }

  #lose(abort: AbortController, reason: string) {
    this.#onLoss(new Error(reason), 0);
    abort.abort();
  }

  #onLoss(error: unknown, graceMs = kGraceMs) {
    const reason = error instanceof TypeError ? 'the server does not answer' : (error as Error).message;
    this.#abort = null;
    this.#attempt += 1;
    clearTimeout(this.#silenceTimer);
    // A restart that takes a moment is not worth a warning.
    this.#graceTimer ??= setTimeout(
      () => this.#options.onState({ state: 'stale', asOf: this.#lastHeard, reason }),
      graceMs,
    );
    this.#retryTimer = setTimeout(
      () => void this.#connect(),
      pauseMs(this.#attempt, this.#options.random()),
    );
  }

  #clear() {
    for (const timer of [this.#retryTimer, this.#silenceTimer, this.#graceTimer]) clearTimeout(timer);
    this.#retryTimer = this.#silenceTimer = this.#graceTimer = undefined;
  }
}
