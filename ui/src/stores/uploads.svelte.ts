// Files on their way to the server: a few at a time, each once. Lives as long as the tab; what a reload interrupts is known
// by name, and goes on when the same folder is chosen again: what has arrived is not sent twice.

import { ApiError, asApiError, isAbort, read } from '../api/client.ts';
import { addMission, imagePath, knownImages, sendFile } from '../api/images.ts';
import { kLarge, sendInParts } from '../api/tus.ts';
import type { ImageDetail } from '../api/types.ts';
import { remember, remembered } from '../lib/storage.ts';
import { digestOf, folderOf, foldersWords, picturesOf, totalsOf, type Sending } from '../lib/upload.ts';
import { images } from './images.svelte.ts';

const kAtOnce = 3;
const kWaitsMs = [1000, 2000, 4000, 8000, 15_000];
const kKey = 'vedette.upload';

/** What is remembered of an upload across a reload. */
export interface Interrupted {
  /** Folders and their flights. */
  folders: { name: string; mission: string | null }[];
  files: number;
  done: number;
}

class Uploads {
  all = $state<Sending[]>([]);
  isPaused = $state(false);
  /** Why nothing goes at present; it is tried again. */
  problem = $state<string | null>(null);
  bytesPerS = $state(0);
  /** Of an earlier life of this page. */
  interrupted = $state.raw<Interrupted | null>(null);

  /** By folder: the flight its pictures belong to, once one has to be known. */
  #flights = new Map<string, Promise<string | null>>();
  #missions = new Map<string, string | null>();
  #abort: AbortController | null = null;
  #running = 0;
  #gone = 0;
  #goneAt = 0;

  constructor() {
    try {
      const kept = JSON.parse(remembered(kKey) ?? 'null') as Interrupted | null;
      // What another version kept is forgotten.
      this.interrupted = Array.isArray(kept?.folders) ? kept : null;
    } catch {
      remember(kKey, null);
    }
  }

  readonly totals = $derived(totalsOf(this.all));
  readonly name = $derived(foldersWords([...new Set(this.all.map(({ folder }) => folder))].filter((folder) => folder !== '')));
  get isActive(): boolean {
    return this.totals.done + this.totals.refused < this.totals.files;
  }

  /** Takes in files as they were chosen or dropped; how many of them are pictures. A folder is a flight of its name. */
  async add(files: readonly File[]): Promise<number> {
    const pictures = picturesOf(files);
    if (pictures.length === 0) return 0;
    if (!this.isActive) {
      this.all = [];
      this.#flights.clear();
      this.#missions.clear();
      for (const { name, mission } of this.interrupted?.folders ?? []) if (mission !== null) this.#flights.set(name, Promise.resolve(mission));
      this.#gone = 0;
      this.#goneAt = Date.now();
      this.interrupted = null;
    }
    this.all.push(...pictures.map((file): Sending => ({ file, folder: folderOf(file), state: 'waiting', sent: 0, problem: '' })));
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

  /** The flight of a folder: that of its first picture where this is here already, else a new one of the folder's name. */
  #flightOf(folder: string): Promise<string | null> {
    if (folder === '') return Promise.resolve(null);
    let flight = this.#flights.get(folder);
    if (!flight) {
      flight = this.#begin(folder);
      this.#flights.set(folder, flight);
    }
    return flight.then((mission) => {
      this.#missions.set(folder, mission);
      return mission;
    });
  }
  async #begin(folder: string): Promise<string | null> {
    try {
      const first = this.all.find((one) => one.folder === folder);
      const digest = first ? await digestOf(first.file) : null;
      const id = digest ? (await knownImages([digest])).get(digest) : undefined;
      const mission = id ? (await read<ImageDetail>(imagePath(id))).mission_id : null;
      if (mission !== null) return mission;
      const added = await addMission({ name: folder });
      images.missions.refresh();
      return added.id;
    } catch (error) {
      // Without a flight the pictures are as good; that they cannot be taken in at all, the first of them will say.
      this.problem = asApiError(error).message;
      return null;
    }
  }

  #keep() {
    const { files, done, refused } = this.totals;
    remember(kKey, this.isActive ? JSON.stringify({ folders: [...new Set(this.all.map(({ folder }) => folder))].filter((name) => name !== '').map((name) => ({ name, mission: this.#missions.get(name) ?? null })), files, done: done + refused } satisfies Interrupted) : null);
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
          const mission = await this.#flightOf(one.folder);
          this.#keep();
          if (one.file.size >= kLarge) {
            await sendInParts(one.file, mission, signal, (bytes) => this.#sent(one, bytes));
            one.state = 'sent';
            this.problem = null;
            return;
          }
          const answer = await sendFile(one.file, mission, signal, (bytes) => this.#sent(one, bytes));
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
