import { expect, test } from 'vitest';
import type { ImageRow, Mission } from '../api/types.ts';
import { flightMean, flightsOf, indexName, indexValue, meanWords, stateOf, totalWords } from './images.ts';

const image = (id: string, change: Partial<ImageRow> = {}) =>
  ({ id, original_name: `${id}.jpg`, mission_id: null, processing_status: 'completed', error: null, analysis: null, ...change }) as ImageRow;
const figures = (main_index: string | null, main_mean: number | null) => ({ main_index, main_mean }) as ImageRow['analysis'];
const mission = (id: string) => ({ id, name: id }) as Mission;

test('how far a picture is, in a word and its cause', () => {
  expect(stateOf(image('a'), undefined)).toEqual({ tone: 'good', word: 'completed', cause: '' });
  expect(stateOf(image('a', { processing_status: 'failed', error: 'Cut off.' }), undefined)).toEqual({ tone: 'bad', word: 'failed', cause: 'Cut off.' });
  const waits = image('a', { processing_status: 'uploaded' });
  expect(stateOf(waits, undefined)).toEqual({ tone: 'idle', word: 'waiting', cause: '' });
  expect(stateOf({ ...waits, error: 'The store is away.' }, undefined).word).toBe('tried again soon');
  const runs = image('a', { processing_status: 'processing' });
  expect(stateOf(runs, undefined).cause).toBe('');
  expect(stateOf(runs, { state: 'running', progress: { done: 64, total: 100, message: 'ndvi', left_s: 2 } }).cause).toBe('ndvi, 64 %');
});

test('an index is named and written as its users do', () => {
  expect(indexName('ndvi')).toBe('NDVI');
  expect(indexName('my own index')).toBe('my own index');
  expect(indexValue(-0.051)).toBe('−0.05');
  expect(indexValue(-0.001)).toBe('0.00');
  expect(indexValue(null)).toBe('–');
  expect(indexValue(Number.NaN)).toBe('–');
  expect(meanWords(image('a', { analysis: figures('ndvi', 0.523) }))).toBe('NDVI 0.52');
  expect(meanWords(image('a', { analysis: figures(null, null) }))).toBe('');
});

test('flights: the newest first, in each what needs a look first; pictures of none are one of their own', () => {
  const all = [image('a', { mission_id: 'm' }), image('b'), image('c', { mission_id: 'm', processing_status: 'failed' }), image('d', { mission_id: 'gone' })];
  const flights = flightsOf(all, [mission('m'), mission('empty')]);
  expect(flights.map((f) => [f.mission?.id ?? null, f.images.map((i) => i.id)])).toEqual([['m', ['c', 'a']], [null, ['b', 'd']]]);
});

test('the mean of a flight is of one index', () => {
  expect(flightMean([image('a')])).toBeNull();
  const of = (index: string, mean: number) => image('x', { analysis: figures(index, mean) });
  expect(flightMean([of('ndvi', 0.5), of('vari', 0.1), of('ndvi', 0.7), image('x')])).toEqual({ index: 'ndvi', mean: 0.6, of: 2 });
});

test('how many there are', () => {
  const counts = { uploaded: 0, processing: 0, completed: 1, failed: 0, total: 1 };
  expect(totalWords(counts, 0)).toBe('1 image');
  expect(totalWords({ ...counts, total: 1830 }, 3)).toBe('1,830 images in 3 flights');
  expect(totalWords({ ...counts, total: 0 }, 0)).toBe('no images yet');
});
