import { expect, test } from 'vitest';
import { bandWords } from './tiles.ts';

test('what the bands hold at a pixel', () => {
  expect(bandWords({ unit: 'reflectance', bands: [{ band: 'near infrared', value: 0.272 }, { band: 'red', value: null }, { band: 'green', value: 0.1 }] })).toBe('near infrared 27 %, green 10 %');
  expect(bandWords({ unit: 'digital_numbers', bands: [{ band: 'red', value: 131 }, { band: 'blue', value: 0.01234 }] })).toBe('red 131, blue 0.0123');
  expect(bandWords({ unit: null, bands: [] })).toBe('');
});
