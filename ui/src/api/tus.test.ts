import { expect, test } from 'vitest';
import { metadataOf } from './tus.ts';

test('names travel in base64 of UTF-8, what is not said is left out', () => {
  expect(metadataOf({ filename: 'Acker.tif', mission: null })).toBe('filename QWNrZXIudGlm');
  expect(metadataOf({ filename: 'é', mission: 'm1' })).toBe('filename w6k=,mission bTE=');
});
