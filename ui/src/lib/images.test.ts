import { expect, test } from 'vitest';
import type { ImageRow, Mission } from '../api/types.ts';
import { cameraName, classLimits, classOf, distanceM, flightMean, flightsOf, imageName, indexName, indexValue, meanWords, metres, planeOf, rangeWords, roundLength, signed, stateOf, totalWords } from './images.ts';

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
  expect(flights.map((f) => [f.id, f.mission?.id ?? null, f.images.map((i) => i.id)])).toEqual([['m', 'm', ['c', 'a']], [null, null, ['b']], ['gone', null, ['d']]]);
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

test('cameras and shots as people call them', () => {
  expect(cameraName('Canon Canon PowerShot SX260 HS / 3')).toBe('Canon PowerShot SX260 HS');
  expect(cameraName('MicaSense RedEdge / 1')).toBe('MicaSense RedEdge');
  expect(cameraName(null)).toBe('');
  const name = (original_name: string, files: number) => imageName({ original_name, files });
  expect(name('IMG_0001_1.tif', 5)).toBe('IMG_0001');
  expect(name('IMG_180413_080658_0000_GRE.TIF', 4)).toBe('IMG_180413_080658_0000');
  expect(name('IMG_0001_1.tif', 1)).toBe('IMG_0001_1.tif');
});

test('classes of a flight', () => {
  expect(classLimits('ndvi', [0.1])).toEqual([0.2, 0.4, 0.6, 0.8]);
  expect(classLimits('vari', [0, 0.5]).map((limit) => limit.toFixed(1))).toEqual(['0.1', '0.2', '0.3', '0.4']);
  expect([0.1, 0.2, 0.95].map((value) => classOf(value, [0.2, 0.4, 0.6, 0.8]))).toEqual([0, 1, 4]);
});

test('places on a plane of one scale, north up', () => {
  const { metres, at } = planeOf([{ latitude: 50, longitude: 10 }, { latitude: 50.001, longitude: 10 }], 200, 100);
  expect(metres).toBeCloseTo(1.11, 2);
  expect(at[0]!.y - at[1]!.y).toBeCloseTo(100);
  expect(at[0]!.x).toBeCloseTo(100);
  expect(planeOf([{ latitude: 0, longitude: 0 }], 100, 100).at).toEqual([{ x: 50, y: 50 }]);
  expect([90, 21, 9.9].map(roundLength)).toEqual([50, 20, 5]);
});

test('how far, how much', () => {
  expect(distanceM({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 0.001 })).toBeCloseTo(111.2, 0);
  expect(distanceM(null, { latitude: 0, longitude: 0 })).toBeNull();
  expect([35.2, 4210, 35_000].map(metres)).toEqual(['35 m away', '4.2 km away', '35 km away']);
  expect([0.04, -0.09, 0.001].map(signed)).toEqual(['+0.04', '−0.09', '0.00']);
  expect(rangeWords(-0.11, 0.26)).toBe('−0.11 – 0.26');
  expect(rangeWords(-0.2, 1)).toBe('−0.2 – 1.0');
});
