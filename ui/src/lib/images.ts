// Pictures of fields as people speak of them: how far each is, what its index came to, which flight it belongs to.

import type { ImageCounts, ImageRow, ImageStatus, Job, Mission } from '../api/types.ts';
import { kDash, plural } from './format.ts';
import { shareWords } from './jobs.ts';
import type { Tone } from './states.ts';

export const kAnalyzeKind = 'analyze-image';

export const kStatuses: readonly { status: ImageStatus; name: string; tone: Tone }[] = [
  { status: 'completed', name: 'Completed', tone: 'good' },
  { status: 'processing', name: 'Processing', tone: 'wait' },
  { status: 'uploaded', name: 'Waiting', tone: 'idle' },
  { status: 'failed', name: 'Failed', tone: 'bad' },
];

/** What needs a look comes first. */
const kOrder: Record<ImageStatus, number> = { failed: 0, processing: 1, uploaded: 2, completed: 3 };

/** Its state in a word, with what is known of its job. */
export function stateOf(image: ImageRow, job: Pick<Job, 'state' | 'progress'> | undefined): { tone: Tone; word: string; cause: string } {
  const { tone } = kStatuses.find(({ status }) => status === image.processing_status)!;
  switch (image.processing_status) {
    case 'completed':
      return { tone, word: 'completed', cause: '' };
    case 'failed':
      return { tone, word: 'failed', cause: image.error ?? 'No cause is known.' };
    case 'processing': {
      const progress = job?.state === 'running' ? job.progress : null;
      const words = [progress?.message ?? '', progress?.total ? shareWords(progress) : ''].filter(Boolean).join(', ');
      return { tone, word: 'processing', cause: words };
    }
    default:
      return { tone: image.error === null ? tone : 'wait', word: image.error === null ? 'waiting' : 'tried again soon', cause: image.error ?? '' };
  }
}

/** `ndvi` to `NDVI`; what is not known to be an abbreviation stays. */
export function indexName(name: string): string {
  return name.length <= 6 && /^[a-z0-9]+$/.test(name) ? name.toUpperCase() : name;
}

/** `0.52`, `−0.05`: with a true minus. */
export function indexValue(value: number | null | undefined, digits = 2): string {
  if (value == null || !Number.isFinite(value)) return kDash;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** `NDVI 0.52`; empty where no index could be had. */
export function meanWords(image: Pick<ImageRow, 'analysis'>): string {
  const { main_index, main_mean } = image.analysis ?? { main_index: null, main_mean: null };
  return main_index === null || main_mean === null ? '' : `${indexName(main_index)} ${indexValue(main_mean)}`;
}

export interface Flight {
  /** Null: pictures of no flight. */
  mission: Mission | null;
  images: ImageRow[];
}

/** The pictures by flight, the flight with the newest picture first, in each what needs a look first. */
export function flightsOf(images: readonly ImageRow[], missions: readonly Mission[]): Flight[] {
  const flights = new Map<string | null, Flight>();
  for (const image of images) {
    const mission = missions.find(({ id }) => id === image.mission_id) ?? null;
    const flight = flights.get(mission?.id ?? null) ?? { mission, images: [] };
    flight.images.push(image);
    flights.set(mission?.id ?? null, flight);
  }
  const all = [...flights.values()];
  for (const flight of all) flight.images.sort((a, b) => kOrder[a.processing_status] - kOrder[b.processing_status]);
  return all;
}

/** The mean over the pictures of one index, and how many pictures that are; null where none has it. */
export function flightMean(images: readonly ImageRow[]): { index: string; mean: number; of: number } | null {
  const sums = new Map<string, { sum: number; of: number }>();
  for (const { analysis } of images) {
    if (!analysis?.main_index || analysis.main_mean === null) continue;
    const sum = sums.get(analysis.main_index) ?? { sum: 0, of: 0 };
    sums.set(analysis.main_index, { sum: sum.sum + analysis.main_mean, of: sum.of + 1 });
  }
  // Of several, the one that most pictures have: means of different indices are not one figure.
  const [most] = [...sums].sort(([, a], [, b]) => b.of - a.of);
  return most ? { index: most[0], mean: most[1].sum / most[1].of, of: most[1].of } : null;
}

/** `183 images in 3 flights`; what waits and what failed are the filter's to say. */
export function totalWords(counts: ImageCounts, flights: number): string {
  if (counts.total === 0) return 'no images yet';
  return flights > 0 ? `${plural(counts.total, 'image')} in ${plural(flights, 'flight')}` : plural(counts.total, 'image');
}
