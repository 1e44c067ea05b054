// The map's ground without a tile server: Natural Earth's countries, and what is laid on it. Fetched with the map.

import type { Feature, FeatureCollection, Polygon, Position } from 'geojson';
import type { StyleSpecification } from 'maplibre-gl';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import worldUrl from 'world-atlas/countries-50m.json?url';

export interface MapColours {
  water: string;
  land: string;
  border: string;
  ink: string;
  halo: string;
  accent: string;
  bad: string;
}

/** The page's own colours, as the theme has them now. */
export function mapColours(element: HTMLElement): MapColours {
  const probe = element.appendChild(document.createElement('span'));
  const of = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = { water: of('sunken'), land: of('surface'), border: of('ink-3'), ink: of('ink-2'), halo: of('surface'), accent: of('fields'), bad: of('bad') };
  probe.remove();
  return colours;
}

/** Throws what fetch throws. */
export async function readWorld(): Promise<{ countries: FeatureCollection; borders: Feature; names: FeatureCollection }> {
  const response = await fetch(worldUrl);
  if (!response.ok) throw new Error(`the base map answered ${response.status}`);
  const world = (await response.json()) as Topology<{ countries: GeometryCollection<{ name: string }> }>;
  const countries = feature(world, world.objects.countries);
  const shapes = countries.features.map(({ geometry, properties }) => ({
    name: properties.name,
    polygons: (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : []).map((rings) => rings.map(unwrapped)),
  }));
  const lines = mesh(world, world.objects.countries, (a, b) => a !== b).coordinates.map(continued);
  return {
    countries: { type: 'FeatureCollection', features: shapes.map(({ polygons }) => ({ type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: polygons } })) },
    borders: { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } },
    names: {
      type: 'FeatureCollection',
      features: shapes.map(({ name, polygons }) => {
        const largest = polygons.map((rings) => middleOf(rings[0]!)).reduce((a, b) => (a.area >= b.area ? a : b));
        return { type: 'Feature', properties: { name, area: largest.area }, geometry: { type: 'Point', coordinates: largest.at } };
      }),
    },
  };
}

/** A line that crosses the date line goes on beyond 180 degrees instead of around the world. */
export function continued(line: Position[]): Position[] {
  let turns = 0;
  return line.map(([lon, lat], i) => {
    const step = i > 0 ? lon! - line[i - 1]![0]! : 0;
    if (step > 180) turns -= 360;
    else if (step < -180) turns += 360;
    return [lon! + turns, lat!];
  });
}

/** A ring likewise; one that goes around a pole is closed over it. */
export function unwrapped(ring: Position[]): Position[] {
  const line = continued(ring);
  const [first, last] = [line[0]!, line.at(-1)!];
  if (Math.abs(last[0]! - first[0]!) < 180) return line;
  const pole = first[1]! < 0 ? -90 : 90;
  return [...line, [last[0]!, pole], [first[0]!, pole], first];
}

function middleOf(ring: Position[]): { at: Position; area: number } {
  let [area, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const [[x1, y1], [x2, y2]] = [ring[i - 1] as [number, number], ring[i] as [number, number]];
    const part = x1 * y2 - x2 * y1;
    area += part / 2;
    x += ((x1 + x2) * part) / 6;
    y += ((y1 + y2) * part) / 6;
  }
  return { at: [x / area, y / area], area: Math.abs(area) };
}

export function styleOf(world: Awaited<ReturnType<typeof readWorld>>, colours: MapColours): StyleSpecification {
  return {
    version: 8,
    sources: { countries: { type: 'geojson', data: world.countries, attribution: 'Natural Earth' }, borders: { type: 'geojson', data: world.borders }, names: { type: 'geojson', data: world.names } },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': colours.water } },
      { id: 'land', type: 'fill', source: 'countries', paint: { 'fill-color': colours.land } },
      { id: 'coast', type: 'line', source: 'countries', paint: { 'line-color': colours.border, 'line-width': 0.6, 'line-opacity': 0.6 } },
      { id: 'borders', type: 'line', source: 'borders', paint: { 'line-color': colours.border, 'line-width': 0.8, 'line-dasharray': [3, 2] } },
      {
        id: 'names', type: 'symbol', source: 'names', maxzoom: 9,
        layout: { 'symbol-sort-key': ['-', 0, ['get', 'area']], 'text-field': ['get', 'name'], 'text-font': ['Inter Variable'], 'text-size': 12, 'text-max-width': 8 },
        paint: { 'text-color': colours.ink, 'text-halo-color': colours.halo, 'text-halo-width': 1.2 },
      },
    ],
  };
}

interface Framed {
  gps: { latitude: number; longitude: number; heading: number | null } | null;
  scale: { pixel_m: number } | null;
  georeference: unknown;
  width: number;
  height: number;
}

/** The outline of a single frame on the ground, looking straight down; null without position, heading or scale. */
export function footprintOf({ gps, scale, georeference, width, height }: Framed): Polygon | null {
  if (!gps || !scale || georeference || gps.heading === null) return null;
  const turn = (gps.heading * Math.PI) / 180;
  const [w, h] = [(width * scale.pixel_m) / 2, (height * scale.pixel_m) / 2];
  const east = 111_320 * Math.cos((gps.latitude * Math.PI) / 180);
  const ring = [[-w, h], [w, h], [w, -h], [-w, -h], [-w, h]].map(([x, y]) => [
    gps.longitude + (x! * Math.cos(turn) + y! * Math.sin(turn)) / east,
    gps.latitude + (y! * Math.cos(turn) - x! * Math.sin(turn)) / 111_320,
  ]);
  return { type: 'Polygon', coordinates: [ring] };
}
