// What an analysis says, as `vedette analyze --json` prints it and the page shows it. Read with care: it is made by whichever
// version analysed the picture.

import type { ImageDetail, ImageProduct } from '../api/types.ts';
import type { Histogram } from './histogram.ts';
import { indexName } from './images.ts';

export interface IndexResult {
  mean: number | null;
  std: number | null;
  p2: number | null;
  p98: number | null;
  valid_px: number;
  title: string;
  formula: string;
  source: string;
  caveat: string | null;
  histogram: Histogram;
  shown: { low: number; high: number };
}

export interface Analysis {
  width: number;
  height: number;
  type: string;
  samples: string;
  bands: { index: number; name: string | null; role: string | null; from: string; why: string; wavelength_nm: number | null }[];
  sensor: string | null;
  radiometry: { unit: string; how: string; doubts: string[] };
  pixels: number;
  valid_px: number;
  indices: Record<string, IndexResult>;
  not_computed: { index: string; why: string }[];
  health: { status: string; score: number; advice: string; rule: string; caveat: string | null } | null;
  no_health: string | null;
  gps: { latitude: number; longitude: number; altitude: number | null; accuracy: number | null; heading: number | null; height_above_ground: number | null } | null;
  gps_problem: string | null;
  camera: { make: string | null; model: string | null };
  scale: { pixel_m: number; uncertainty: number; source: string } | null;
  georeference: { name: string; epsg: number } | null;
  zones: number;
  notes: string[];
}

export function analysisOf(image: Pick<ImageDetail, 'result'>): Analysis | null {
  const result = image.result as Partial<Analysis> | null;
  return result && typeof result.indices === 'object' ? (result as Analysis) : null;
}

/** The indices that have a picture, in the order in which they were computed; the one of the address, else the first. */
export function pictures(products: readonly ImageProduct[], analysis: Analysis | null): { index: string; href: string }[] {
  const order = Object.keys(analysis?.indices ?? {});
  return products
    .filter(({ kind, index }) => kind === 'index_png' && index !== null)
    .map(({ index, href }) => ({ index: index!, href }))
    .sort((a, b) => order.indexOf(a.index) - order.indexOf(b.index));
}

const kKinds: Record<string, string> = {
  preview: 'Preview', index_png: 'Map, as shown', index_cog: 'GeoTIFF, for a GIS', zones: 'Zones', numbers_json: 'Figures', numbers_csv: 'Figures',
};

/** `GeoTIFF, for a GIS`; what is not known keeps its file's name. */
export function productName({ kind, name }: Pick<ImageProduct, 'kind' | 'name'>): string {
  return kKinds[kind] ?? name;
}

/** `NDVI`, or nothing where it is of the whole picture. */
export function productIndex({ index }: Pick<ImageProduct, 'index'>): string {
  return index === null ? '' : indexName(index);
}

/** Hectares of so many pixels, and how sure that is; null without a scale. */
export function hectares(pixels: number, scale: Analysis['scale']): { ha: number; uncertainty: number } | null {
  if (!scale || !(scale.pixel_m > 0)) return null;
  // A length that is off by a tenth makes an area that is off by a fifth.
  return { ha: (pixels * scale.pixel_m ** 2) / 10_000, uncertainty: 2 * scale.uncertainty };
}

/** `0.143 ha ± 20 %`: as many digits as are known. */
export function hectaresWords(area: { ha: number; uncertainty: number } | null): string {
  if (!area) return '';
  const digits = area.ha < 1 ? 3 : area.ha < 10 ? 2 : area.ha < 100 ? 1 : 0;
  const percent = Math.round(area.uncertainty * 100);
  return `${area.ha.toFixed(digits)} ha${percent >= 1 ? ` ± ${percent} %` : ''}`;
}

/** `36.57608° N, 119.43526° W`. */
export function positionWords({ latitude, longitude }: { latitude: number; longitude: number }): string {
  return `${Math.abs(latitude).toFixed(5)}° ${latitude < 0 ? 'S' : 'N'}, ${Math.abs(longitude).toFixed(5)}° ${longitude < 0 ? 'W' : 'E'}`;
}

/** `5.0 cm a pixel`. */
export function scaleWords({ pixel_m }: { pixel_m: number }): string {
  return pixel_m < 1 ? `${(pixel_m * 100).toFixed(1)} cm a pixel` : `${pixel_m.toFixed(pixel_m < 10 ? 1 : 0)} m a pixel`;
}
