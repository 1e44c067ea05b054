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
