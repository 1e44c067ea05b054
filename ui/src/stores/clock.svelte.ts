// The present second, for everything that says how long ago.

import { serverNow } from '../api/client.ts';

class Clock {
  now = $state.raw(new Date());
  #hour = -1;
  #listeners = new Set<() => void>();

  start() {
    const tick = () => {
      this.now = serverNow();
      const hour = Math.floor(this.now.getTime() / 3_600_000);
      if (this.#hour >= 0 && hour !== this.#hour) this.#listeners.forEach((listener) => listener());
      this.#hour = hour;
      setTimeout(tick, 1000 - (this.now.getTime() % 1000) + 5);
    };
    tick();
  }

  /** Calls back when the hour turns; returns how to stop it. */
  onHour(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const clock = new Clock();
