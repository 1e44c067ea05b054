// The cameras and their present states, kept fresh by events; every page uses this one list.

import { cameraPath, read, url, write } from '../api/client.ts';
import type { Camera, CameraInput, CameraList, CameraStatus, Job } from '../api/types.ts';
import { kCountKind } from '../lib/jobs.ts';
import { countOf, isRecorded, withJob } from '../lib/recording.ts';
import { feed } from './feed.svelte.ts';
import { Resource } from './resource.svelte.ts';

async function readAll(path: string, signal: AbortSignal): Promise<Camera[]> {
  const all: Camera[] = [];
  let cursor: string | null = null;
  do {
    const page: CameraList = await read<CameraList>(url(path, { cursor }), signal);
    all.push(...page.cameras);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

class Cameras {
  readonly list = new Resource<Camera[]>(readAll);

  #started = false;

  /** Every page that shows cameras calls it; the first one counts. */
  start() {
    if (this.#started) return;
    this.#started = true;
    this.list.open('/api/cameras');
    feed.on('cameras', () => this.list.refreshSoon(1000));
    feed.on('reset', () => this.list.refresh());
    feed.on<CameraStatus>('camera', (status) => this.#update(status));
    feed.on<Job>('job', (job) => this.counting(job));
  }

  get all(): Camera[] {
    return this.list.data ?? [];
  }

  get(id: string): Camera | undefined {
    return this.all.find((camera) => camera.id === id);
  }

  /** A camera as its writer has just heard of it: shown at once, not when the list comes again. */
  saved(camera: Camera) {
    if (this.get(camera.id)) this.list.data = this.all.map((c) => (c.id === camera.id ? camera : c));
    else if (this.list.data !== null) this.list.data = [...this.all, camera];
    this.list.refresh();
  }

  /** Watched from now on, or not. Throws ApiError. */
  async switchTo(camera: Camera, enabled: boolean) {
    const { name, source, loop, starts_at, model, types } = camera;
    const body: CameraInput = { name, source, loop, starts_at, model, types, enabled };
    this.saved(await write<Camera>('PUT', cameraPath(camera.id), body));
  }

  /** Counts a recorded file, or counts it again. Throws ApiError. */
  async count(camera: Camera) {
    const { job } = await write<{ job: Job }>('POST', cameraPath(camera.id, '/count'), {});
    this.counting(job);
    // An answer that is on its way may be older than this.
    this.list.refresh();
  }

  /** What the queue says of the job that counts one of them; others' are nothing here. */
  counting(job: Job) {
    const camera = job.kind === kCountKind && job.key !== null ? this.get(job.key) : undefined;
    // Of two, the newer one speaks.
    if (!camera || !isRecorded(camera) || (countOf(camera).job ?? 0) > job.id) return;
    // The result comes with the camera, whole; until then nothing has changed for the reader.
    if (job.state === 'completed') return this.list.refreshSoon(300);
    const count = withJob(countOf(camera), job);
    this.list.data = this.all.map((c) => (c.id === camera.id ? { ...c, count } : c));
    // What it came to, the camera says itself.
    if (job.finished_at !== null) this.list.refreshSoon(300);
  }

  #update(status: CameraStatus) {
    if (this.list.data === null) return;
    if (!this.get(status.id)) return this.list.refreshSoon(1000);
    this.list.data = this.list.data.map((c) => (c.id === status.id ? { ...c, status } : c));
  }
}

export const cameras = new Cameras();
