// The pictures of fields, newest first, a page at a time; kept fresh by events: one query per change, whatever is shown.

import { read } from '../api/client.ts';
import { imagesPath } from '../api/images.ts';
import type { ImageChanges, ImageCounts, ImagePage, ImageRow, ImageStatus, Job, MissionList } from '../api/types.ts';
import { kAnalyzeKind } from '../lib/images.ts';
import { feed } from './feed.svelte.ts';
import { Resource } from './resource.svelte.ts';

const kMostRows = 1500;

export interface ImageFilter {
  status: ImageStatus | null;
  mission: string | null;
  q: string | null;
}

/** What a filter shows is known of a row but for its text, which the server looks for elsewhere too. */
export function fits(image: ImageRow, filter: ImageFilter): boolean {
  return (filter.status === null || image.processing_status === filter.status) && (filter.mission === null || image.mission_id === filter.mission);
}

/** The rows after a change: those that are shown in their place, new ones in front where they belong to what is shown. */
export function changed(rows: readonly ImageRow[], changes: Pick<ImageChanges, 'images' | 'removed'>, filter: ImageFilter): ImageRow[] {
  const now = new Map(changes.images.map((image) => [image.id, image]));
  const kept = rows.filter(({ id }) => !changes.removed.includes(id)).map((row) => now.get(row.id) ?? row).filter((row) => fits(row, filter));
  const shown = new Set(rows.map(({ id }) => id));
  const newest = rows[0]?.uploaded_at ?? '';
  // What is older than the first row has its place on a page that may not be read yet.
  const fresh = changes.images.filter((image) => !shown.has(image.id) && filter.q === null && fits(image, filter) && image.uploaded_at >= newest);
  return [...fresh.sort((a, b) => b.uploaded_at.localeCompare(a.uploaded_at)), ...kept];
}

class Images {
  readonly page = new Resource<ImagePage>();
  readonly missions = new Resource<MissionList>();
  /** Further pages than the first. */
  #more = $state.raw<ImageRow[]>([]);
  #next = $state<string | null>(null);
  isReadingMore = $state(false);
  /** What runs, by the image's job. */
  jobs = $state.raw<ReadonlyMap<number, Job>>(new Map());
  #filter: ImageFilter = { status: null, mission: null, q: null };
  #started = false;

  start() {
    if (this.#started) return;
    this.#started = true;
    this.missions.open('/api/missions');
    feed.on('reset', () => this.refresh());
    feed.on<ImageChanges>('images', (changes) => this.#take(changes));
    feed.on<Job>('job', (job) => {
      if (job.kind !== kAnalyzeKind) return;
      const jobs = new Map(this.jobs);
      if (job.finished_at === null) jobs.set(job.id, job);
      else jobs.delete(job.id);
      this.jobs = jobs;
    });
  }

  get all(): ImageRow[] {
    return [...(this.page.data?.images ?? []), ...this.#more];
  }
  get counts(): ImageCounts | null {
    return this.page.data?.counts ?? null;
  }
  get isMore(): boolean {
    return (this.#more.length > 0 ? this.#next : (this.page.data?.next ?? null)) !== null;
  }

  get(id: string): ImageRow | undefined {
    return this.all.find((image) => image.id === id);
  }
  jobOf(image: ImageRow): Job | undefined {
    return image.job === null ? undefined : this.jobs.get(image.job);
  }

  show(filter: ImageFilter) {
    const path = imagesPath(filter);
    if (JSON.stringify(filter) !== JSON.stringify(this.#filter)) this.#more = [];
    this.#filter = filter;
    this.page.open(path, true);
  }

  async showMore() {
    const cursor = this.#more.length > 0 ? this.#next : (this.page.data?.next ?? null);
    if (cursor === null || this.isReadingMore) return;
    this.isReadingMore = true;
    const filter = this.#filter;
    try {
      const page = await read<ImagePage>(imagesPath(filter, cursor));
      if (filter !== this.#filter) return;
      this.#more = [...this.#more, ...page.images];
      this.#next = page.next;
    } finally {
      this.isReadingMore = false;
    }
  }

  refresh() {
    // What was opened further down may have moved: the first page is sure.
    this.#more = [];
    this.page.refresh();
    this.missions.refresh();
  }

  #take(changes: ImageChanges) {
    // A flight that nobody here has heard of has just begun.
    const isNew = changes.images.some(({ mission_id: id }) => id !== null && !this.missions.data?.missions.some((mission) => mission.id === id));
    this.missions.refreshSoon(isNew ? 0 : 2000);
    const { data } = this.page;
    if (data === null) return;
    if (changes.is_more) return this.page.refreshSoon(1000);
    const rows = changed(this.all, changes, this.#filter);
    const first = this.#more.length > 0 ? data.images.length : rows.length;
    this.page.data = { ...data, counts: changes.counts, images: rows.slice(0, first) };
    this.#more = rows.slice(first);
    // While a card is sent the list would grow without end: it begins anew with its first page.
    if (rows.length > kMostRows) {
      this.#more = [];
      this.page.refreshSoon(1000);
    }
  }
}

export const images = new Images();
