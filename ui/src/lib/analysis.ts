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
  /** Of the bands of a rig; absent for one file. */
  alignment?: { band: string; reference: string; dx_px: number; dy_px: number; residual_px: number; is_good: boolean }[];
  captured_local?: string | null;
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
  preview: 'Preview', index_png: 'Map', index_cog: 'GeoTIFF', picture_cog: 'Picture, GeoTIFF', zones: 'Zones', numbers_json: 'Figures', numbers_csv: 'Figures',
};

const kForms: Record<string, string> = {
  png: 'PNG, coloured', tif: 'cloud-optimised', geojson: 'GeoJSON', kml: 'KML', zip: 'Shapefile, zipped', csv: 'CSV', json: 'JSON',
};

/** What a file is, for who is about to take it. */
export function productForm({ name }: Pick<ImageProduct, 'name'>): string {
  const end = name.split('.').at(-1)?.toLowerCase() ?? '';
  return kForms[end] ?? end.toUpperCase();
}

/** `GeoTIFF, for a GIS`; what is not known keeps its file's name. */
export function productName({ kind, name }: Pick<ImageProduct, 'kind' | 'name'>): string {
  return kKinds[kind] ?? name;
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
  return pixel_m < 1 ? `${(pixel_m * 100).toFixed(1)} cm a pixel` : `${Number(pixel_m.toFixed(1))} m a pixel`;
}

const kBandWords: Record<string, string> = { B: 'blue', G: 'green', R: 'red', RE: 'red edge', N: 'NIR' };

/** `(NIR − red) / (NIR + red)` of `(N - R) / (N + R)`. */
export function formulaWords(formula: string): string {
  return formula.replace(/\b(RE|[BGRN])\b/g, (band) => kBandWords[band]!).replaceAll(' - ', ' − ').replaceAll(' * ', ' × ').replaceAll('^2', '²');
}

/** What light the numbers were corrected for: one word, and how far it carries. */
export function lightWords({ unit }: Analysis['radiometry']): { tone: 'good' | 'wait' | 'idle'; word: string } {
  if (unit === 'reflectance') return { tone: 'good', word: 'reflectance' };
  if (unit === 'digital_numbers') return { tone: 'idle', word: 'not calibrated' };
  return { tone: 'wait', word: unit === 'radiance' ? 'radiance' : unit.replaceAll('_', ' ') };
}

/** How well the bands of a rig lie on each other; null for a picture of one lens. */
export function alignmentWords(alignment: NonNullable<Analysis['alignment']>): { tone: 'good' | 'wait'; word: string; cause: string } | null {
  if (alignment.length === 0) return null;
  const wrong = alignment.filter(({ is_good }) => !is_good);
  if (wrong.length > 0) return { tone: 'wait', word: `${wrong.map(({ band }) => band).join(', ')} not aligned`, cause: 'Indices over these bands are wrong at edges.' };
  const left = Math.max(...alignment.map(({ residual_px }) => residual_px));
  const most = alignment.reduce((a, b) => (Math.hypot(a.dx_px, a.dy_px) > Math.hypot(b.dx_px, b.dy_px) ? a : b));
  return { tone: 'good', word: `aligned within ${left < 0.05 ? '0.1' : left.toFixed(1)} px`, cause: `${sentenceCase(most.band)} was ${Math.hypot(most.dx_px, most.dy_px).toFixed(0)} px off before.` };
}

const sentenceCase = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
