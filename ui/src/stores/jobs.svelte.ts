// The queue as Operations shows it: its kinds, and a short list of the jobs in each of their states. Made anew by the page;
// events change single rows at once, and the lists are read again behind them.

import { asApiError } from '../api/client.ts';
import { jobsPath } from '../api/jobs.ts';
import type { Job, JobKind, JobKinds, JobList, JobState } from '../api/types.ts';
import { feed } from './feed.svelte.ts';
import { Resource } from './resource.svelte.ts';

const kStep = 50;
/** The most that the API gives at once. */
const kMost = 1000;

/** Jobs in some states, newest first; shows a few and more when asked. */
export class JobSection {
  readonly resource = new Resource<JobList>();
  limit = $state(0);
  #kind: string | null = null;

  constructor(
    readonly name: 'running' | 'failed' | 'waiting' | 'ended',
    readonly title: string,
    readonly states: readonly JobState[],
    first: number,
  ) {
    this.limit = first;
  }

  get jobs(): Job[] {
    return this.resource.data?.jobs ?? [];
  }
  get isMore(): boolean {
    return this.resource.data?.next != null && this.limit < kMost;
  }

  open(kind: string | null) {
    const isSame = kind === this.#kind;
    this.#kind = kind;
    this.resource.open(jobsPath(this.states, kind, this.limit), isSame);
  }

  showMore() {
    this.limit = Math.min(kMost, Math.floor(this.limit / kStep) * kStep + kStep);
    this.open(this.#kind);
  }

  /** A job as it is now: in its place, gone, or new here. */
  take(job: Job) {
    const { data } = this.resource;
    if (data === null) return;
    const isHere = this.states.includes(job.state) && (this.#kind === null || this.#kind === job.kind);
    const was = data.jobs.some((other) => other.id === job.id);
    if (was && isHere) {
      this.resource.data = { ...data, jobs: data.jobs.map((other) => (other.id === job.id ? job : other)) };
    } else if (was) {
      this.resource.data = { ...data, jobs: data.jobs.filter((other) => other.id !== job.id) };
    } else if (isHere) {
      const jobs = [...data.jobs, job].sort((a, b) => b.id - a.id).slice(0, Math.max(this.limit, data.jobs.length));
      this.resource.data = { ...data, jobs };
    }
    if (was !== isHere) this.resource.refreshSoon(2000);
  }
}

export class Jobs {
  readonly kinds = new Resource<JobKinds>();
  readonly sections = [
    new JobSection('running', 'Running', ['running'], 20),
    new JobSection('failed', 'Failed', ['failed', 'discarded'], 5),
    new JobSection('waiting', 'Waiting', ['available'], 5),
    new JobSection('ended', 'Ended lately', ['completed', 'cancelled'], 5),
  ];

  /** Reads, and follows the events until the returned function is called. */
  start(): () => void {
    this.kinds.open('/api/jobs/kinds');
    const off = [
      feed.on<Job>('job', (job) => this.take(job)),
      feed.on<JobKinds>('kinds', (kinds) => {
        this.kinds.data = kinds;
        this.sections.forEach(({ resource }) => resource.refreshSoon(2000));
      }),
      feed.on('reset', () => this.refresh()),
    ];
    return () => {
      off.forEach((stop) => stop());
      this.#all.forEach((resource) => resource.close());
    };
  }

  show(kind: string | null) {
    this.sections.forEach((section) => section.open(kind));
  }

  refresh() {
    this.#all.forEach((resource) => resource.refresh());
  }

  /** The net under the events: what failed is tried again by itself. */
  readAgain() {
    this.#all.forEach((resource) => resource.error || resource.refresh());
  }

  take(job: Job) {
    this.sections.forEach((section) => section.take(job));
  }

  takeKind(kind: JobKind) {
    const { data } = this.kinds;
    if (data) this.kinds.data = { kinds: data.kinds.map((other) => (other.kind === kind.kind ? kind : other)) };
  }

  find(id: number): Job | undefined {
    return this.sections.flatMap(({ jobs }) => jobs).find((job) => job.id === id);
  }

  get isEmpty(): boolean {
    return this.sections.every(({ resource }) => resource.data?.jobs.length === 0);
  }
  get isLoading(): boolean {
    return this.kinds.loading || this.sections.some(({ resource }) => resource.loading);
  }

  get #all(): Resource<unknown>[] {
    return [this.kinds, ...this.sections.map(({ resource }) => resource)];
  }
}

/** Something asked of the queue by a button: whether its answer is awaited, and why it was refused. */
export class Asking {
  busy = $state(false);
  problem = $state<string | null>(null);

  async do(action: () => Promise<void>) {
    this.busy = true;
    this.problem = null;
    try {
      await action();
    } catch (error) {
      this.problem = asApiError(error).message;
    } finally {
      this.busy = false;
    }
  }
}
