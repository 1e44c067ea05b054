// What tabs and the shared worker say to each other. The tabs of one browser share one event
// stream and a few live pictures, because a browser opens only six connections to a server: without
// this, the fourth tab would stand still.

import { EventStream, type Liveness } from './sse.ts';

export const kLivePictures = 3;
const kForgetMs = 15_000;
const kHiddenMs = 20_000;

export type ToWorker =
  | { type: 'visible'; visible: boolean }
  | { type: 'picture'; want: boolean }
  | { type: 'network'; online: boolean }
  | { type: 'ping' }
  | { type: 'bye' };

export type ToTab =
  | { type: 'event'; event: string; data: unknown }
  | { type: 'state'; state: Liveness }
  | { type: 'picture'; granted: boolean };

export interface Port {
  postMessage(message: ToTab): void;
}

interface Tab {
  visible: boolean;
  wants: boolean;
  granted: boolean;
  lastSeen: number;
}

/** Shares one stream among tabs: passes events on, closes it while nobody looks, hands out pictures. */
export class Switchboard {
  readonly #tabs = new Map<Port, Tab>();
  readonly #stream: EventStream;
  #state: Liveness = { state: 'connecting' };
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, probe: () => Promise<boolean>, fetchOver?: typeof fetch) {
    this.#stream = new EventStream({
      url,
      probe,
      ...(fetchOver ? { fetch: fetchOver } : {}),
      onEvent: (event, data) => this.#toAll({ type: 'event', event, data }),
      onState: (state) => {
        this.#state = state;
        this.#toAll({ type: 'state', state });
      },
    });
  }

  get watching(): boolean {
    return this.#stream.running;
  }

  join(port: Port) {
    this.#tabs.set(port, { visible: true, wants: false, granted: false, lastSeen: Date.now() });
    port.postMessage({ type: 'state', state: this.#state });
    this.#watch();
  }

  hear(port: Port, message: ToWorker) {
    const tab = this.#tabs.get(port);
    if (!tab) return;
    tab.lastSeen = Date.now();
    if (message.type === 'bye') this.#tabs.delete(port);
    else if (message.type === 'visible') tab.visible = message.visible;
    else if (message.type === 'picture') tab.wants = message.want;
    else if (message.type === 'network') message.online ? this.#stream.hurry() : this.#stream.suspect();
    this.#watch();
    this.#handOut();
  }

  /** Events of a tab that went away without a word are still sent, but its picture goes to another. */
  #handOut() {
    const now = Date.now();
    for (const tab of this.#tabs.values()) {
      if (now - tab.lastSeen > kForgetMs) tab.wants = false;
      if (!tab.wants) tab.granted = false;
    }
    let free = kLivePictures - [...this.#tabs.values()].filter((tab) => tab.granted).length;
    for (const [port, tab] of this.#tabs) {
      if (!tab.wants) continue;
      if (!tab.granted && free > 0) {
        tab.granted = true;
        free -= 1;
      }
      port.postMessage({ type: 'picture', granted: tab.granted });
    }
  }

  #watch() {
    if ([...this.#tabs.values()].some((tab) => tab.visible)) {
      clearTimeout(this.#hiddenTimer);
      this.#hiddenTimer = undefined;
      this.#stream.start();
    } else {
      this.#hiddenTimer ??= setTimeout(() => this.#stream.stop(), kHiddenMs);
    }
  }

  #toAll(message: ToTab) {
    for (const port of this.#tabs.keys()) port.postMessage(message);
  }
}
