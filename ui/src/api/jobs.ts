// What can be asked of the queue: about a job, and of it.

import { url, write } from './client.ts';
import type { Job, JobKind } from './types.ts';

export function jobPath(id: number, rest = ''): string {
  return `/api/jobs/${id}${rest}`;
}

/** The list's address; states and kinds as the API knows them, newest first. */
export function jobsPath(states: readonly string[], kind: string | null, limit: number): string {
  return url('/api/jobs', { state: states.join(','), kind, limit });
}

/** Throws ApiError. The job as it is now: available again. */
export function retryJob(id: number): Promise<Job> {
  return write<Job>('POST', jobPath(id, '/retry'));
}

/** Throws ApiError. The job as it is now: cancelled, or asked to stop. */
export function cancelJob(id: number): Promise<Job> {
  return write<Job>('POST', jobPath(id, '/cancel'));
}

/** Throws ApiError. No further job of the kind is begun, or again. */
export function pauseKind(kind: string, isPaused: boolean): Promise<JobKind> {
  return write<JobKind>('POST', `/api/jobs/kinds/${encodeURIComponent(kind)}/${isPaused ? 'pause' : 'resume'}`);
}
