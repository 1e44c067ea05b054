import { expect, test } from 'vitest';
import { pixelsBy, zonesOf } from './zones.ts';

const square = (x: number, y: number, side: number) => [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]];
const feature = (name: string, pixels: number, ...rings: number[][][]) => ({ properties: { class: name, mean: 0.5, area_ha: null, pixels }, geometry: { type: 'Polygon', coordinates: rings } });

test('the largest first, a number well inside, holes left out', () => {
  const zones = zonesOf({ coordinates_are: 'pixels of the picture', features: [feature('poor', 4, square(0, 0, 2)), feature('very_healthy', 84, square(0, 0, 10), square(1, 1, 8))] }, 100, 100);
  expect(zones.map(({ name }) => name)).toEqual(['very healthy', 'poor']);
  expect(zones[1]!.path).toBe('M0 0L2 0L2 2L0 2Z');
  const { x, y } = zones[0]!;
  expect(x < 1 || x > 9 || y < 1 || y > 9).toBe(true);
  // A hole too small to be seen is no outline.
  expect(zonesOf({ coordinates_are: 'pixels', features: [feature('poor', 9, square(0, 0, 10), square(1, 1, 1))] }, 100, 100)[0]!.path.match(/M/g)).toHaveLength(1);
});

test('longitude and latitude need to know where the picture lies', () => {
  const json = { coordinates_are: 'longitude and latitude, WGS 84', features: [feature('poor', 4, square(10, 50, 1))] };
  expect(zonesOf(json, 100, 100)).toEqual([]);
  const place = pixelsBy([[10, 51], [11, 51], [10, 50]], 200, 100)!;
  expect(place([10.5, 50.5])).toEqual([100, 50]);
  expect(zonesOf(json, 200, 100, place)[0]!.path).toBe('M0 100L200 100L200 0L0 0Z');
  expect(pixelsBy([[10, 51], [10, 51], [10, 50]], 200, 100)).toBeNull();
  expect(zonesOf(null, 1, 1)).toEqual([]);
});
