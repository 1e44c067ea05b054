// The page's end of the event stream: through the worker that all tabs share, or, where the browser
// has none, by a connection of its own.

import { isThere } from '../api/client.ts';
import { Switchboard, type ToTab, type ToWorker } from '../lib/shared.ts';
import type { Liveness } from '../lib/sse.ts';

const kPingMs = 5000;

class Feed {
  state = $state.raw<Liveness>({ state: 'connecting' });
  /** Counts connections: what hung on the old one begins anew. */
  connections = $state(0);
  /** Whether this tab may play the live picture; null while the answer is on its way. */
  mayPlay = $state<boolean | null>(null);

  #listeners = new Map<string, Set<(data: never) => void>>();
  #send: (message: ToWorker) => void = () => undefined;
  #wants = false;

  start() {
    if (typeof SharedWorker === 'undefined') this.#startAlone();
    else this.#startShared();
    document.addEventListener('visibilitychange', () => this.#send({ type: 'visible', visible: !document.hidden }));
    addEventListener('pagehide', () => this.#send({ type: 'bye' }));
    // Back from the browser's back/forward cache: the worker forgot this tab.
    addEventListener('pageshow', (event) => event.persisted && location.reload());
    addEventListener('online', () => this.#send({ type: 'network', online: true }));
    addEventListener('offline', () => this.#send({ type: 'network', online: false }));
    setInterval(() => !document.hidden && this.#send({ type: 'ping' }), kPingMs);
  }

  /** Calls back with the data of each such event; returns how to stop it. `reset`: read all again. */
  on<T>(event: string, listener: (data: T) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener as (data: never) => void));
    return () => listeners.delete(listener as (data: never) => void);
  }

  /** Says whether this tab wants to play the live picture; see `mayPlay`. */
  wantPicture(want: boolean) {
    if (want === this.#wants) return;
    this.#wants = want;
    this.mayPlay = null;
    this.#send({ type: 'picture', want });
  }

  /** Everything shown may be wrong, or may be read at last: pages read again. */
  readAgain() {
    this.#emit('reset', null);
  }

  #startShared() {
    const worker = new SharedWorker(new URL('../lib/tabs.worker.ts', import.meta.url), {
      type: 'module',
      name: 'vedette',
    });
    worker.onerror = () => this.#startAlone();
    worker.port.onmessage = (message: MessageEvent<ToTab>) => this.#hear(message.data);
    this.#send = (message) => worker.port.postMessage(message);
    this.#send({ type: 'visible', visible: !document.hidden });
  }

  #startAlone() {
    const board = new Switchboard('/api/events', isThere);
    const port = { postMessage: (message: ToTab) => this.#hear(message) };
    this.#send = (message) => board.hear(port, message);
    board.join(port);
    if (this.#wants) this.#send({ type: 'picture', want: true });
  }

  #hear(message: ToTab) {
    if (message.type === 'picture') {
      this.mayPlay = message.granted;
    } else if (message.type === 'state') {
      if (message.state.state === 'live' && this.state.state !== 'live') this.connections += 1;
      this.state = message.state;
    } else {
      // `resync` is the hub's word to a client that was too slow: the same duty as `reset`.
      this.#emit(message.event === 'resync' ? 'reset' : message.event, message.data);
    }
  }

  #emit(event: string, data: unknown) {
    this.#listeners.get(event)?.forEach((listener) => listener(data as never));
  }
}

export const feed = new Feed();
