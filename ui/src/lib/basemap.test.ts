import { expect, test } from 'vitest';
import { continued, footprintOf, unwrapped } from './basemap.ts';

test('what crosses the date line goes on beyond it', () => {
  expect(continued([[170, 60], [179, 61], [-179, 62], [-170, 63]])).toEqual([[170, 60], [179, 61], [181, 62], [190, 63]]);
  expect(continued([[-179, 1], [179, 2]])).toEqual([[-179, 1], [-181, 2]]);
});

test('a ring around a pole is closed over it', () => {
  const ring = [[-180, -80], [-60, -75], [60, -75], [180, -80], [-180, -80]];
  expect(unwrapped(ring)).toEqual([[-180, -80], [-60, -75], [60, -75], [180, -80], [180, -80], [180, -90], [-180, -90], [-180, -80]]);
  const plain = [[0, 0], [1, 0], [1, 1], [0, 0]];
  expect(unwrapped(plain)).toEqual(plain);
});

test('the ground a frame covers, turned by its heading', () => {
  const frame = { gps: { latitude: 0, longitude: 0, heading: 90 }, scale: { pixel_m: 1 }, georeference: null, width: 2226.4, height: 1113.2 };
  const ring = footprintOf(frame)!.coordinates[0]!.map(([x, y]) => [Number(x!.toFixed(3)), Number(y!.toFixed(3))]);
  // What was its upper left looks north-east: its width now lies from north to south.
  expect(ring[0]).toEqual([0.005, 0.01]);
  expect(ring[2]).toEqual([-0.005, -0.01]);
  expect(footprintOf({ ...frame, gps: { ...frame.gps, heading: null } })).toBeNull();
  expect(footprintOf({ ...frame, scale: null })).toBeNull();
});
