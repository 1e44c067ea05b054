// Files on their way to the server: a few at a time, each once. Lives as long as the tab; what a reload interrupts is known
// by name, and goes on when the same folder is chosen again: what has arrived is not sent twice.

import { ApiError, asApiError, isAbort } from '../api/client.ts';
import { addMission, knownImages, sendFile } from '../api/images.ts';
import { kLarge, sendInParts } from '../api/tus.ts';
import { images } from './images.svelte.ts';
import { remember, remembered } from '../lib/storage.ts';
import { digestOf, folderOf, picturesOf, totalsOf, type Sending } from '../lib/upload.ts';

const kAtOnce = 3;
const kWaitsMs = [1000, 2000, 4000, 8000, 15_000];
const kKey = 'vedette.upload';

/** What is remembered of an upload across a reload. */
export interface Interrupted {
  name: string;
  mission: string | null;
  files: number;
  done: number;
}

class Uploads {
  all = $state<Sending[]>([]);
  name = $state('');
  isPaused = $state(false);
  /** Why nothing goes at present; it is tried again. */
  problem = $state<string | null>(null);
  bytesPerS = $state(0);
  /** Of an earlier life of this page. */
  interrupted = $state.raw<Interrupted | null>(null);

  #mission: string | null = null;
  #abort: AbortController | null = null;
  #running = 0;
  #gone = 0;
  #goneAt = 0;

  constructor() {
    try {
      this.interrupted = JSON.parse(remembered(kKey) ?? 'null') as Interrupted | null;
    } catch {
      remember(kKey, null);
    }
  }

  readonly totals = $derived(totalsOf(this.all));
  get isActive(): boolean {
    return this.totals.done + this.totals.refused < this.totals.files;
  }

  /** Takes in files as they were chosen or dropped; how many of them are pictures. A folder is a flight of its name. */
  async add(files: readonly File[]): Promise<number> {
    const pictures = picturesOf(files);
    if (pictures.length === 0) return 0;
    const folder = folderOf(pictures);
    if (!this.isActive) {
      this.all = [];
      this.#mission = null;
      this.name = folder;
      this.#gone = 0;
      this.#goneAt = Date.now();
      if (this.interrupted && this.interrupted.name === folder) this.#mission = this.interrupted.mission;
      else if (folder !== '') await this.#begin(folder);
      this.interrupted = null;
    }
    this.all.push(...pictures.map((file): Sending => ({ file, state: 'waiting', sent: 0, problem: '' })));
    this.#keep();
    this.#go();
    return pictures.length;
  }

  pause() {
    this.isPaused = true;
    this.#abort?.abort();
  }
  resume() {
    this.isPaused = false;
    this.#go();
  }
  /** What has arrived stays. */
  cancel() {
    this.#abort?.abort();
    this.all = [];
    this.problem = null;
    this.isPaused = false;
    this.interrupted = null;
    remember(kKey, null);
  }
  forget() {
    this.interrupted = null;
    remember(kKey, null);
  }

  async #begin(folder: string) {
    try {
      this.#mission = (await addMission({ name: folder })).id;
      images.missions.refresh();
    } catch (error) {
      // Without a flight the pictures are as good; that they cannot be taken in at all, the first of them will say.
      this.problem = asApiError(error).message;
    }
  }

  #keep() {
    const { files, done, refused } = this.totals;
    remember(kKey, this.isActive ? JSON.stringify({ name: this.name, mission: this.#mission, files, done: done + refused } satisfies Interrupted) : null);
  }

  #go() {
    this.#abort ??= new AbortController();
    while (this.#running < kAtOnce && !this.isPaused) {
      const next = this.all.find(({ state }) => state === 'waiting');
      if (!next) break;
      next.state = 'sending';
      this.#running += 1;
      void this.#send(next, this.#abort.signal).finally(() => {
        this.#running -= 1;
        if (this.#running === 0 && this.#abort?.signal.aborted) this.#abort = null;
        this.#keep();
        this.#go();
      });
    }
  }

  async #send(one: Sending, signal: AbortSignal) {
    for (let tries = 0; ; tries += 1) {
      try {
        const digest = await digestOf(one.file);
        if (digest && (await knownImages([digest])).has(digest)) {
          one.state = 'known';
        } else {
          if (one.file.size >= kLarge) {
            await sendInParts(one.file, this.#mission, signal, (bytes) => this.#sent(one, bytes));
            one.state = 'sent';
            this.problem = null;
            return;
          }
          const answer = await sendFile(one.file, this.#mission, signal, (bytes) => this.#sent(one, bytes));
          const refused = answer.refused[0];
          one.state = refused ? 'refused' : answer.duplicate ? 'known' : 'sent';
          one.problem = refused?.message ?? '';
        }
        this.problem = null;
        return;
      } catch (error) {
        one.sent = 0;
        if (isAbort(error)) {
          one.state = 'waiting';
          return;
        }
        const { status, message } = error instanceof ApiError ? error : asApiError(error);
        if (status >= 400 && status < 500) {
          one.state = 'refused';
          one.problem = message;
          return;
        }
        this.problem = message;
        await new Promise((resolve) => setTimeout(resolve, kWaitsMs[Math.min(tries, kWaitsMs.length - 1)]));
        if (signal.aborted) {
          one.state = 'waiting';
          return;
        }
      }
    }
  }

  #sent(one: Sending, bytes: number) {
    this.#gone += Math.max(0, bytes - one.sent);
    one.sent = bytes;
    const s = (Date.now() - this.#goneAt) / 1000;
    // The pace of the last seconds, not of a whole morning.
    if (s > 1) this.bytesPerS = this.#gone / s;
    if (s > 10) {
      this.#gone /= 2;
      this.#goneAt += (s / 2) * 1000;
    }
  }
}

export const uploads = new Uploads();
