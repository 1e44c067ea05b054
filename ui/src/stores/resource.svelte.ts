// Something read from the API and kept fresh: its value, its error, and when it was last right.
// A failed read keeps the old value and is tried again with growing pauses.

import { untrack } from 'svelte';
import { asApiError, isAbort, read, type ApiError } from '../api/client.ts';

const kPausesMs = [2000, 4000, 8000, 15_000, 30_000];

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** When the value was last known to be right. */
  asOf = $state.raw<Date | null>(null);
  /** A read is under way whose answer belongs to another address than the value shown. */
  turning = $state(false);

  #path: string | null = null;
  #version = '';
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #failures = 0;
  #lastRead = 0;
  readonly #fetch: (path: string, signal: AbortSignal) => Promise<T>;

  constructor(fetch: (path: string, signal: AbortSignal) => Promise<T> = (p, s) => read<T>(p, s)) {
    this.#fetch = fetch;
  }

  get loading(): boolean {
    return this.data === null && this.error === null;
  }

  /** Reads from another address. `keep` leaves the old value on show until the new one is there. At the same address it
      reads again only for another `version` of what is there, and then always keeps. */
  open(path: string, keep = false, version = '') {
    // An effect that opens must not begin anew when the value arrives.
    untrack(() => this.#open(path, keep, version));
  }

  #open(path: string, keep: boolean, version: string) {
    const isSame = path === this.#path;
    if (isSame && version === this.#version) return;
    this.#path = path;
    this.#version = version;
    if (isSame) return this.refresh();
    this.error = null;
    this.#failures = 0;
    if (!keep) {
      this.data = null;
      this.asOf = null;
    }
    this.turning = this.data !== null;
    this.refresh();
  }

  /** Reads again now. */
  refresh() {
    void this.#read();
  }

  /** Reads again soon, however often this is called; at most once in `everyMs`. */
  refreshSoon(everyMs = 5000) {
    this.#schedule(Math.max(300, this.#lastRead + everyMs - Date.now()));
  }

  close() {
    this.#cancel();
    this.#path = null;
  }

  #cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
    this.#abort?.abort();
    this.#abort = null;
  }

  #schedule(ms: number) {
    const due = Date.now() + ms;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.refresh(), ms);
  }

  async #read() {
    const path = this.#path;
    if (path === null) return;
    this.#cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.#lastRead = Date.now();
    try {
      const value = await this.#fetch(path, abort.signal);
      if (this.#abort !== abort) return;
      this.data = value;
      this.error = null;
      this.asOf = new Date();
      this.turning = false;
      this.#failures = 0;
    } catch (error) {
      if (this.#abort !== abort || isAbort(error)) return;
      this.error = asApiError(error);
      this.turning = false;
      this.#failures += 1;
      // What was asked for wrongly stays wrong; everything else may pass.
      if (this.error.status < 400 || this.error.status >= 500) {
        this.#schedule(kPausesMs[Math.min(this.#failures, kPausesMs.length) - 1]!);
      }
    }
  }
}
