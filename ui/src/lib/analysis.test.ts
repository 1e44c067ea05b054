import { expect, test } from 'vitest';
import type { ImageDetail, ImageProduct } from '../api/types.ts';
import { alignmentWords, analysisOf, formulaWords, hectares, hectaresWords, lightWords, pictures, positionWords, productForm, productName, scaleWords, type Analysis } from './analysis.ts';

const product = (name: string, kind: string, index: string | null) => ({ name, kind, index, href: `/p/${name}` }) as ImageProduct;

test('an analysis is taken as it is, or not at all', () => {
  expect(analysisOf({ result: null })).toBeNull();
  expect(analysisOf({ result: { width: 4 } } as unknown as ImageDetail)).toBeNull();
  expect(analysisOf({ result: { indices: {} } } as unknown as ImageDetail)).not.toBeNull();
});

test('the indices with a picture, in their order', () => {
  const analysis = { indices: { ndvi: {}, savi: {} } } as unknown as Analysis;
  const products = [product('savi.png', 'index_png', 'savi'), product('ndvi.tif', 'index_cog', 'ndvi'), product('ndvi.png', 'index_png', 'ndvi')];
  expect(pictures(products, analysis)).toEqual([{ index: 'ndvi', href: '/p/ndvi.png' }, { index: 'savi', href: '/p/savi.png' }]);
  expect(productName(product('x.bin', 'unheard', null))).toBe('x.bin');
  expect(productName(product('ndvi.tif', 'index_cog', 'ndvi'))).toBe('GeoTIFF');
});

test('area where the scale is known, with what it is unsure by', () => {
  expect(hectares(100, null)).toBeNull();
  const area = hectares(1_140_000, { pixel_m: 0.05, uncertainty: 0.05, source: '' })!;
  expect(hectaresWords(area)).toBe('0.285 ha ± 10 %');
  expect(hectaresWords(hectares(1e6, { pixel_m: 30, uncertainty: 0, source: '' }))).toBe('90000 ha');
  expect(hectaresWords(null)).toBe('');
});

test('places and scales as people write them, in every hemisphere', () => {
  expect(positionWords({ latitude: 36.576082, longitude: -119.43526 })).toBe('36.57608° N, 119.43526° W');
  expect(positionWords({ latitude: -0.5, longitude: 0 })).toBe('0.50000° S, 0.00000° E');
  expect(scaleWords({ pixel_m: 0.05 })).toBe('5.0 cm a pixel');
  expect(scaleWords({ pixel_m: 30 })).toBe('30 m a pixel');
});

test('formulas, light and alignment in words', () => {
  expect(formulaWords('1.5 * (N - RE) / (N + R + 0.5)')).toBe('1.5 × (NIR − red edge) / (NIR + red + 0.5)');
  const light = (unit: string) => lightWords({ unit, how: '', doubts: [] }).word;
  expect([light('reflectance'), light('digital_numbers'), light('radiance')]).toEqual(['reflectance', 'not calibrated', 'radiance']);
  const band = (name: string, dx_px: number, residual_px: number, is_good = true) => ({ band: name, reference: 'green', dx_px, dy_px: 0, residual_px, is_good });
  expect(alignmentWords([])).toBeNull();
  expect(alignmentWords([band('blue', -21, 0.2), band('red', 3, 0.9)])).toEqual({ tone: 'good', word: 'aligned within 0.9 px', cause: 'Blue was 21 px off before.' });
  expect(alignmentWords([band('blue', 0, 0, false), band('red', 3, 0.9)])!.word).toBe('blue not aligned');
  expect([productForm({ name: 'ndvi.tif' }), productForm({ name: 'zones.shp.zip' }), productForm({ name: 'x.xyz' })]).toEqual(['cloud-optimised', 'Shapefile, zipped', 'XYZ']);
});
