// Jobs to words: what one is doing, how far it is, and how a kind fares.

import type { Job, JobKind, JobState, Progress } from '../api/types.ts';
import { count, kDash, plural } from './format.ts';
import type { Tone } from './states.ts';
import { duration, until } from './time.ts';

/** The kind that counts a recorded file; its key is the camera. */
export const kCountKind = 'count-file';

/** The server counts what waits no further than this: so many may be more. */
const kMostCounted = 10_000;
/** So long may a ready job wait before it is said that nobody takes it. */
const kLongWaitMs = 60_000;

/** How many wait, for now, for later or for another try; where the server stopped counting, what is known of it. */
export function few(n: number): string {
  return n >= kMostCounted ? `${count(kMostCounted)} or more` : count(n);
}

const kTones: Record<JobState, Tone> = {
  available: 'idle',
  running: 'good',
  completed: 'good',
  failed: 'wait',
  discarded: 'bad',
  cancelled: 'idle',
};

export function jobTone(job: Pick<Job, 'state' | 'is_cancelling'>): Tone {
  return job.is_cancelling ? 'wait' : (kTones[job.state] ?? 'wait');
}

export function jobWord(job: Pick<Job, 'state' | 'is_cancelling' | 'run_at' | 'open_children'>, now: Date): string {
  if (job.is_cancelling) return 'stopping';
  switch (job.state) {
    case 'available':
      if (job.open_children > 0) return `waits for ${plural(job.open_children, 'part')}`;
      return new Date(job.run_at) > now ? `begins ${until(new Date(job.run_at), now)}` : 'waiting';
    case 'failed':
      return `failed, tried again ${until(new Date(job.run_at), now)}`;
    case 'discarded':
      return 'failed';
    case 'completed':
      return 'done';
    default:
      return job.state;
  }
}

/** 0..1; null when the whole is not known. */
export function share({ done, total }: Pick<Progress, 'done' | 'total'>): number | null {
  return total === null || total <= 0 ? null : Math.min(1, Math.max(0, done / total));
}

/** `28 %`: what is not done is never 100. */
export function shareWords(progress: Pick<Progress, 'done' | 'total'>): string {
  const part = share(progress);
  return part === null ? kDash : `${Math.floor(part * 100)} %`;
}

/** `3,412 of 12,000 pictures`; of what is not known nothing is said. */
export function doneWords({ done, total }: Pick<Progress, 'done' | 'total'>, unit = ''): string {
  const many = unit && ` ${total === 1 ? unit : `${unit}s`}`;
  if (total !== null && total > 0) return `${count(Math.min(done, total))} of ${count(total)}${many}`;
  return done > 0 ? `${count(done)}${unit && ` ${done === 1 ? unit : `${unit}s`}`} so far` : '';
}

/** `about 2 min left`: no more exact than it can be known. */
export function leftWords(left_s: number | null): string {
  if (left_s === null) return '';
  if (left_s < 1) return 'done in a moment';
  return `about ${duration(left_s < 60 ? Math.ceil(left_s) : left_s < 3600 ? Math.ceil(left_s / 60) * 60 : Math.ceil(left_s / 600) * 600)} left`;
}

/** Attempts that did not end well, apart: a failure is the work's, a crash its process's. */
export function attemptWords({ failures, crashes }: Pick<Job, 'failures' | 'crashes'>): string {
  const parts = [
    failures > 0 ? `failed ${failures === 1 ? 'once' : `${count(failures)} times`}` : '',
    crashes > 0 ? `its process ended under it ${crashes === 1 ? 'once' : `${count(crashes)} times`}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

/** What a kind does, in a word, with its tone and what should be known. */
export function kindState(kind: JobKind, now: Date): { tone: Tone; word: string; cause: string } {
  const waits = kind.available > 0;
  if (kind.is_paused) return { tone: 'wait', word: 'paused', cause: waits ? 'What waits begins when it is resumed.' : 'What comes is kept until it is resumed.' };
  const waited = kind.oldest_ready ? now.getTime() - Date.parse(kind.oldest_ready) : 0;
  if (waits && kind.running === 0 && waited > kLongWaitMs) {
    return { tone: 'bad', word: 'nobody takes it', cause: 'No process with the role work takes these jobs. Start one, or look whether it is busy with others.' };
  }
  if (kind.running > 0) return { tone: 'good', word: `${count(kind.running)} running`, cause: '' };
  if (waits) return { tone: 'good', word: 'begins', cause: '' };
  if (kind.failed > 0) return { tone: 'wait', word: 'tries again', cause: '' };
  return { tone: 'idle', word: kind.scheduled > 0 ? 'for later' : 'nothing to do', cause: '' };
}

/** Nothing of it waits, runs or ended within a day: it needs no row of its own. */
export function isQuiet(kind: JobKind): boolean {
  return (
    !kind.is_paused &&
    [kind.available, kind.scheduled, kind.running, kind.failed, kind.completed_day, kind.discarded_day, kind.failures_day, kind.crashes_day].every((n) => n === 0)
  );
}

/** Waiting, to be tried again, and for later, together; more than is counted stays so. */
export function waiting(kind: JobKind): number {
  return kind.available + kind.scheduled;
}

/** One line over all kinds; null where there is nothing to say. */
export function queueSummary(kinds: JobKind[]): string | null {
  const sum = (of: (kind: JobKind) => number) => kinds.reduce((all, kind) => all + of(kind), 0);
  const running = sum((k) => k.running);
  const waits = sum(waiting);
  const failed = sum((k) => k.discarded_day);
  const parts = [
    running > 0 ? `${count(running)} running` : '',
    waits > 0 ? `${few(waits)} waiting` : '',
    failed > 0 ? `${count(failed)} failed in the last 24 h` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : null;
}
