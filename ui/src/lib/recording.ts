// A camera on a recorded file: nothing is live there. How far it is counted, and its own time.

import type { Camera, CameraCount, Job, Kpi } from '../api/types.ts';
import { doneWords, leftWords, shareWords } from './jobs.ts';
import { days, type BarGrain, type Range } from './period.ts';
import { sourceKind } from './source.ts';
import { toneOf, type Tone } from './states.ts';
import { day, sameDay, clock as hhmm } from './time.ts';
import type { LineFigure } from './watched.ts';

/** What is looked at once, in order; the unit of its progress. */
const kPicture = 'picture';

const kFiveMinutesUpToMs = 6 * 3_600_000;
const kHoursUpToDays = 8;
/** A recording shorter than two bars has no course to show. */
const kChartFromMs = 600_000;

/** How far a recording is counted; before its first count there is no job, and nothing to say of one. */
export type Counting = Omit<CameraCount, 'state'> & { state: CameraCount['state'] | null };

const kNever: Counting = { job: null, state: null, progress: null, error: null, counted_at: null, is_outdated: false, from: null, to: null, times_from: null, exports: false };

export function isRecorded(camera: Camera): boolean {
  return camera.count != null || sourceKind(camera) === 'file';
}

/** How far it is counted, also when it never was. */
export function countOf(camera: Camera): Counting {
  return camera.count ?? kNever;
}

/** Whether a camera is saved as switched on: a new recording always is, anything else as was chosen. */
export function isSavedOn(isRecording: boolean, given: Pick<Camera, 'enabled'> | undefined, chosen: boolean): boolean {
  return (isRecording && given === undefined) || chosen;
}

/** Whether the form asks about it: of a live camera always, of a recording where it is switched off or would be. */
export function asksWhetherOn(isRecording: boolean, given: Pick<Camera, 'enabled'> | undefined, chosen: boolean): boolean {
  return !isRecording || (given !== undefined && !(given.enabled && chosen));
}

/** Whether a count is on its way: waiting, running, or about to be tried again. */
export function isUnderWay(count: Pick<Counting, 'state'>): boolean {
  return count.state === 'available' || count.state === 'running' || count.state === 'failed';
}

/** A camera's state in a word, whatever it stands on. */
export function stateOf(camera: Camera): { tone: Tone; word: string } {
  if (!isRecorded(camera)) return { tone: toneOf(camera.status), word: camera.status.word };
  const { state, progress, counted_at, is_outdated } = countOf(camera);
  switch (state) {
    case 'running':
      return { tone: 'good', word: progress?.total ? `counting, ${shareWords(progress)}` : 'counting' };
    case 'available':
      return { tone: 'idle', word: 'waits to be counted' };
    case 'failed':
      return { tone: 'wait', word: 'tried again soon' };
    case 'discarded':
      return { tone: 'bad', word: 'could not be counted' };
    default:
      if (counted_at === null) return { tone: 'idle', word: 'not counted yet' };
      return is_outdated ? { tone: 'wait', word: 'counted before a change' } : { tone: 'idle', word: 'counted' };
  }
}

/** What the queue says of a camera's job, as part of the camera. */
export function withJob(count: Counting, job: Pick<Job, 'id' | 'state' | 'progress' | 'error'>): CameraCount {
  return { ...count, job: job.id, state: job.state, progress: job.progress, error: job.error };
}

/** `3,412 of 12,000 pictures, about 2 min left`. */
export function progressWords(count: Pick<CameraCount, 'progress'>): string {
  const { progress } = count;
  if (!progress) return 'Looking at the first pictures.';
  return [doneWords(progress, kPicture), leftWords(progress.left_s)].filter(Boolean).join(', ') || 'Looking at the first pictures.';
}

/** The recording's own time; known once it was counted. */
export function spanOf(camera: Camera): Range | null {
  const { from, to } = countOf(camera);
  return from && to ? { from: new Date(from), end: new Date(to), open: false } : null;
}

/** The bars that fit; null where there is no course to show. */
export function grainOfSpan(span: Range): BarGrain | null {
  const length = span.end.getTime() - span.from.getTime();
  if (length < kChartFromMs) return null;
  if (length <= kFiveMinutesUpToMs) return '5min';
  return days(span) <= kHoursUpToDays ? 'hour' : 'day';
}

/** The axis: whole bars around the recording. */
export function axisOf(span: Range, grain: BarGrain): Range {
  const from = new Date(span.from);
  const end = new Date(span.end.getTime() - 1);
  if (grain === 'day') {
    from.setHours(0, 0, 0, 0);
    end.setHours(24, 0, 0, 0);
  } else {
    const step = grain === '5min' ? 5 : 60;
    from.setMinutes(Math.floor(from.getMinutes() / step) * step, 0, 0);
    end.setMinutes((Math.floor(end.getMinutes() / step) + 1) * step, 0, 0);
  }
  return { from, end, open: false };
}

/** `27 Nov, 13:02:10 – 13:04:20`: seconds only where minutes would say nothing. */
export function spanWords(span: Range, now: Date): string {
  const { from, end } = span;
  const seconds = end.getTime() - from.getTime() < 3_600_000;
  const last = sameDay(from, end) ? hhmm(end, seconds) : `${day(end, now)}, ${hhmm(end, seconds)}`;
  return `${day(from, now)}, ${hhmm(from, seconds)} – ${last}`;
}

/** How far into the recording: `0:04`, `1:02:40`; of a short one to the tenth of a second. */
export function position(t: Date, from: Date, tenths = false): string {
  const ms = Math.max(0, t.getTime() - from.getTime());
  const s = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(s % 60)}${tenths ? `.${Math.floor((ms % 1000) / 100)}` : ''}`;
}

/** The rows of the table: of a recording a line counts all of it, whenever it was drawn, once it was counted with it. */
export function recordedFigures(kpi: Kpi, camera: Camera): LineFigure[] {
  const counted = countOf(camera).counted_at;
  return kpi.lines.map((row) => {
    const drawn = camera.lines.find((line) => line.id === row.line_id)?.created_at;
    const isKnown = counted !== null && !(drawn && Date.parse(drawn) > Date.parse(counted));
    return { ...row, vehicles: isKnown ? row.vehicles : null, young: null };
  });
}

/** What the reader has changed since the result; empty when nothing. */
export function outdatedWords(camera: Camera): string {
  const { counted_at, is_outdated } = countOf(camera);
  if (counted_at === null || !is_outdated) return '';
  const isNew = camera.lines.some((line) => Date.parse(line.created_at) > Date.parse(counted_at));
  return isNew ? 'Lines have changed since this was counted.' : 'Lines, model or types have changed since this was counted.';
}
