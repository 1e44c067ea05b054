// A picture as tiles, as GET /api/images/{image}/tiles.json says it.

export interface TileSet {
  pyramid: 'web_mercator' | 'pixels';
  tile_size: number;
  minzoom: number;
  maxzoom: number;
  /** West, south, east, north in degrees. */
  bounds: number[] | null;
  picture: string | null;
  indices: { index: string; title: string; low: number; high: number; tiles: string }[];
}

/** What lies at a pixel of the upright picture, as GET /api/images/{image}/value says it. */
export interface PixelValue {
  x: number;
  y: number;
  longitude: number | null;
  latitude: number | null;
  unit: string | null;
  bands: { band: string; value: number | null }[];
  indices: { index: string; value: number | null }[];
}

/** `near infrared 27 %, red 15 %` of the bands that have a value; numbers as they are where they are no reflectance. */
export function bandWords({ unit, bands }: Pick<PixelValue, 'unit' | 'bands'>): string {
  const words = (value: number) => (unit === 'reflectance' ? `${(value * 100).toFixed(0)} %` : value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3));
  return bands.filter(({ value }) => value !== null).map(({ band, value }) => `${band} ${words(value!)}`).join(', ');
}
