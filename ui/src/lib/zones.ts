// Zones of a picture, as the analysis wrote them: outlines in its pixels, the largest first. No page here.

export interface Zone {
  name: string;
  mean: number;
  /** Hectares; null without a scale. */
  ha: number | null;
  pixels: number;
  /** The outline and its holes as a path of SVG, in the picture's pixels. */
  path: string;
  /** Well inside it, for its number. */
  x: number;
  y: number;
}

type Ring = [number, number][];
interface Collection {
  coordinates_are?: string;
  features?: { properties: { class: string; mean: number; area_ha: number | null; pixels: number }; geometry: { type: string; coordinates: Ring[] } }[];
}

const kLeast = 0.002;

/** The zones in the picture's pixels, of `width` × `height` of them. What lies in longitude and latitude is placed by `toPixels`; without it there are none. */
export function zonesOf(json: unknown, width: number, height: number, toPixels: ((at: [number, number]) => [number, number]) | null = null): Zone[] {
  const { coordinates_are: unit = '', features = [] } = (json ?? {}) as Collection;
  const place = unit.startsWith('pixels') ? (at: [number, number]) => at : toPixels;
  if (place === null) return [];
  return features
    .filter(({ geometry }) => geometry.type === 'Polygon' && geometry.coordinates.length > 0)
    .map(({ properties, geometry }) => {
      const rings = geometry.coordinates.map((ring) => ring.map(place));
      const [x, y] = inside(rings);
      return { name: properties.class.replaceAll('_', ' '), mean: properties.mean, ha: properties.area_ha, pixels: properties.pixels, path: rings.filter((ring, i) => i === 0 || areaOf(ring) >= kLeast * width * height).map((ring) => pathOf(smooth(ring, width / 100))).join(''), x, y };
    })
    .sort((a, b) => b.pixels - a.pixels);
}

const round = (n: number) => Math.round(n * 10) / 10;
const pathOf = (ring: Ring) => `M${ring.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')}Z`;

function areaOf(ring: Ring): number {
  let sum = 0;
  for (let i = 1; i < ring.length; i += 1) sum += ring[i - 1]![0] * ring[i]![1] - ring[i]![0] * ring[i - 1]![1];
  return Math.abs(sum) / 2;
}

/** Outlines follow the cells of a grid: with corners cut, twice, they show the shape instead of the grid; long edges stay. */
function smooth(ring: Ring, most: number): Ring {
  let out = ring.slice(0, -1);
  if (out.length < 8) return out;
  for (let n = 0; n < 2; n += 1) {
    out = out.flatMap((at, i): Ring => {
      const [before, after] = [out.at(i - 1)!, out[(i + 1) % out.length]!];
      return [towards(at, before, most), towards(at, after, most)];
    });
  }
  return out;
}

/** From a corner along an edge: to its middle, at most so far. */
function towards([x, y]: [number, number], [tx, ty]: [number, number], most: number): [number, number] {
  const length = Math.hypot(tx - x, ty - y);
  const part = length > 0 ? Math.min(0.5, most / length) : 0;
  return [x + (tx - x) * part, y + (ty - y) * part];
}

/** The middle of the widest of some rows across it, holes left out: its centre may lie outside. */
function inside(rings: Ring[]): [number, number] {
  const ys = rings[0]!.map(([, y]) => y);
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  let best: [number, number, number] = [rings[0]![0]![0], rings[0]![0]![1], -1];
  for (let i = 1; i < 8; i += 1) {
    // Off the corners of cells, on which rows meet.
    const y = top + ((i + 0.013) / 8) * (bottom - top);
    const cuts: number[] = [];
    for (const ring of rings) {
      for (let k = 1; k < ring.length; k += 1) {
        const [[x1, y1], [x2, y2]] = [ring[k - 1]!, ring[k]!];
        if (y1 < y !== y2 < y) cuts.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
      }
    }
    cuts.sort((a, b) => a - b);
    for (let k = 1; k < cuts.length; k += 2) {
      const width = cuts[k]! - cuts[k - 1]!;
      if (width > best[2]) best = [(cuts[k]! + cuts[k - 1]!) / 2, y, width];
    }
  }
  return [best[0], best[1]];
}

/** From three corners of a picture in longitude and latitude (upper left, upper right, lower left) to its pixels; null where
    they lie on one line. */
export function pixelsBy(corners: [number, number][], width: number, height: number): ((at: [number, number]) => [number, number]) | null {
  const [o, right, down] = corners;
  if (!o || !right || !down) return null;
  const [ax, ay, bx, by] = [right[0] - o[0], right[1] - o[1], down[0] - o[0], down[1] - o[1]];
  const area = ax * by - ay * bx;
  if (!Number.isFinite(area) || area === 0) return null;
  return ([lon, lat]) => {
    const [dx, dy] = [lon - o[0], lat - o[1]];
    return [((dx * by - dy * bx) / area) * width, ((ax * dy - ay * dx) / area) * height];
  };
}
