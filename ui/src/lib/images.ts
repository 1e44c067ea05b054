// Pictures of fields as people speak of them: how far each is, what its index came to, which flight it belongs to.

import type { ImageCounts, ImageRow, ImageStatus, Job, Mission } from '../api/types.ts';
import { kDash, plural } from './format.ts';
import { shareWords } from './jobs.ts';
import type { Tone } from './states.ts';
import { day, when } from './time.ts';

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

const kIndexNames: Record<string, string> = { cigreen: 'CI green', cirededge: 'CI red edge', exg: 'ExG' };

/** `ndvi` to `NDVI`; what is not known to be an abbreviation stays. */
export function indexName(name: string): string {
  return kIndexNames[name] ?? (name.length <= 6 && /^[a-z0-9]+$/.test(name) ? name.toUpperCase() : name);
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
  id: string | null;
  /** Null also while it is not read yet. */
  mission: Mission | null;
  images: ImageRow[];
}

/** The pictures by flight, the flight with the newest picture first, in each what needs a look first. */
export function flightsOf(images: readonly ImageRow[], missions: readonly Mission[]): Flight[] {
  const flights = new Map<string | null, Flight>();
  for (const image of images) {
    const flight = flights.get(image.mission_id) ?? { id: image.mission_id, mission: missions.find(({ id }) => id === image.mission_id) ?? null, images: [] };
    flight.images.push(image);
    flights.set(image.mission_id, flight);
  }
  const all = [...flights.values()];
  for (const flight of all) flight.images = inOrder(flight.images);
  return all;
}

const kNames = new Intl.Collator('en', { numeric: true });

/** As they were taken; what needs a look comes first. */
export function inOrder(images: readonly ImageRow[]): ImageRow[] {
  return [...images].sort(
    (a, b) => kOrder[a.processing_status] - kOrder[b.processing_status] || (a.captured_at ?? '').localeCompare(b.captured_at ?? '') || kNames.compare(a.original_name, b.original_name),
  );
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

/** `Canon PowerShot SX260 HS` of `Canon Canon PowerShot SX260 HS / 3`: as the key of a camera, made for remembering, is read. */
export function cameraName(key: string | null): string {
  return (key ?? '').replace(/ \/ \d+$/, '').replace(/^(\S+) \1\b/, '$1');
}

/** The name of a shot: what the files of its bands have in common. */
export function imageName({ original_name: name, files }: Pick<ImageRow, 'original_name' | 'files'>): string {
  return files > 1 ? name.replace(/[_-](\d{1,2}|[A-Z]{2,3}|[a-z]+(_edge)?)\.tiff?$/i, '') : name;
}

/** When it was taken, else when it was sent: as a page's head says it. */
export function whenTaken({ captured_at, uploaded_at }: Pick<ImageRow, 'captured_at' | 'uploaded_at'>, now: Date): string {
  return captured_at ? when(new Date(captured_at), now, true) : `sent ${when(new Date(uploaded_at), now)}`;
}

/** The day it was taken; null where nobody knows. */
export function dayTaken({ captured_at }: Pick<ImageRow, 'captured_at'>, now: Date): string | null {
  return captured_at ? day(new Date(captured_at), now) : null;
}

/** `+0.04`, `−0.09`. */
export function signed(value: number): string {
  return `${value >= 0.005 ? '+' : ''}${indexValue(value)}`;
}

type Place = { latitude: number; longitude: number } | null;

/** Metres between two places; null where one is not known. */
export function distanceM(a: Place, b: Place): number | null {
  if (!a || !b) return null;
  const [p, q] = [(a.latitude * Math.PI) / 180, (b.latitude * Math.PI) / 180];
  const east = ((b.longitude - a.longitude) * Math.PI) / 180;
  const h = Math.sin((q - p) / 2) ** 2 + Math.cos(p) * Math.cos(q) * Math.sin(east / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** `35 m away`, `4.2 km away`. */
export function metres(m: number): string {
  return m < 1000 ? `${m.toFixed(0)} m away` : `${(m / 1000).toFixed(m < 10_000 ? 1 : 0)} km away`;
}

/** Dark soil to light leaf: the classes of a flight, for its legend and its marks. */
export const kClassColours = ['#422a36', '#734e3c', '#86834b', '#90b87a', '#c5e2af'] as const;

/** The classes' limits for values of an index: those of the NDVI hold from field to field; any other is parted evenly. */
export function classLimits(index: string, means: readonly number[]): number[] {
  if (index === 'ndvi') return [0.2, 0.4, 0.6, 0.8];
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return [1, 2, 3, 4].map((n) => low + ((high - low) * n) / 5);
}

export function classOf(value: number, limits: readonly number[]): number {
  return limits.filter((limit) => value >= limit).length;
}

/** Places on a plane of `width` × `height`, north up, one scale for both axes: metres a unit, and where each lies. */
export function planeOf(places: readonly { latitude: number; longitude: number }[], width: number, height: number): { metres: number; at: { x: number; y: number }[] } {
  const middle = { latitude: mid(places.map((p) => p.latitude)), longitude: mid(places.map((p) => p.longitude)) };
  const east = 111_320 * Math.cos((middle.latitude * Math.PI) / 180);
  const flat = places.map((p) => ({ x: (p.longitude - middle.longitude) * east, y: (middle.latitude - p.latitude) * 111_320 }));
  const span = (of: number[]) => Math.max(...of) - Math.min(...of);
  // At least some metres, so that pictures taken from one spot are one spot.
  const metres = Math.max(span(flat.map((p) => p.x)) / width, span(flat.map((p) => p.y)) / height, 10 / width);
  return { metres, at: flat.map((p) => ({ x: width / 2 + p.x / metres, y: height / 2 + p.y / metres })) };
}

const mid = (of: number[]) => (Math.max(...of) + Math.min(...of)) / 2;

/** A round length that is at most `most` long: for a bar of scale. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((n) => n * power).find((length) => length <= most) ?? power;
}

/** `−0.2 – 1.0`: a range, with as many digits as it needs. */
export function rangeWords(low: number, high: number): string {
  const digits = high - low < 0.6 ? 2 : 1;
  return `${indexValue(low, digits)} – ${indexValue(high, digits)}`;
}

/** Whether an index is of visible light alone: then near infrared was not to be had. */
export function isVisible(index: string): boolean {
  return ['vari', 'gli', 'exg', 'ngrdi', 'tgi'].includes(index);
}
