import { expect, test } from 'vitest';
import { countedThing } from './counted.ts';

test.each([
  [['car', 'truck', 'bus', 'motorcycle', 'vehicle', 'moving'], 'Vehicles'],
  [['car'], 'Vehicles'],
  [['car', 'bicycle', 'vehicle', 'moving'], 'Road users'],
  [['person', 'vehicle', 'moving'], 'Road users'],
  [['car', 'scooter'], 'Road users'],
])('%j are counted as %s', (types, title) => expect(countedThing(types, false).title).toBe(title));

test('by motion nothing is known but that it moves', () => {
  expect(countedThing(['car'], true).title).toBe('Moving objects');
});

test('a flow is one of vehicles only where all are', () => {
  expect(countedThing(['car'], false).perHour).toBe('veh/h');
  expect(countedThing(['car', 'person'], false).perHour).toBe('/h');
});
