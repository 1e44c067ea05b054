// Two dates of one place laid on each other: how far one must be moved, how well they fit, and what changed. No page here.

import type { Levels, Range } from './raster.ts';
import { valueOf } from './raster.ts';

export interface Fit {
  /** By how much of its width and height the earlier one is moved. */
  dx: number;
  dy: number;
  /** How alike the two are there, from -1 to 1. */
  likeness: number;
}

/** From here on the two show the same ground, as far as pictures can tell. */
export const kLikely = 0.3;

const kSide = 128;
const kReach = 20;

/** Finds the shift by the likeness of edges in both, reduced to about 128 pixels a side; turning and scale are not looked for. */
export function fitOf(now: Levels, before: Levels): Fit {
  const scale = kSide / Math.max(now.width, now.height);
  const width = Math.max(8, Math.round(now.width * scale));
  const height = Math.max(8, Math.round(now.height * scale));
  const [a, b] = [edges(reduced(now, width, height), width, height), edges(reduced(before, width, height), width, height)];
  let best: Fit = { dx: 0, dy: 0, likeness: -1 };
  const reach = Math.min(kReach, Math.floor(Math.min(width, height) / 4));
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const likeness = likenessAt(a, b, width, height, dx, dy);
      if (likeness > best.likeness) best = { dx: dx / width, dy: dy / height, likeness };
    }
  }
  return best;
}

/** Means over boxes; NaN where there is no data. */
function reduced({ width, height, levels }: Levels, w: number, h: number): Float32Array {
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y += 1) {
    const [y0, y1] = [Math.floor((y * height) / h), Math.max(Math.floor((y * height) / h) + 1, Math.floor(((y + 1) * height) / h))];
    for (let x = 0; x < w; x += 1) {
      const [x0, x1] = [Math.floor((x * width) / w), Math.max(Math.floor((x * width) / w) + 1, Math.floor(((x + 1) * width) / w))];
      let [sum, n] = [0, 0];
      for (let yy = y0; yy < y1; yy += 1) {
        for (let xx = x0; xx < x1; xx += 1) {
          const level = levels[yy * width + xx]!;
          if (level > 0) { sum += level; n += 1; }
        }
      }
      out[y * w + x] = n > 0 ? sum / n : Number.NaN;
    }
  }
  return out;
}

function edges(v: Float32Array, w: number, h: number): Float32Array {
  const out = new Float32Array(w * h).fill(Number.NaN);
  for (let y = 1; y < h - 1; y += 1) {
    for (let x = 1; x < w - 1; x += 1) {
      const i = y * w + x;
      out[i] = Math.hypot(v[i + 1]! - v[i - 1]!, v[i + w]! - v[i - w]!);
    }
  }
  return out;
}

/** Correlation of what both have, the second moved; -1 where too little overlaps. */
function likenessAt(a: Float32Array, b: Float32Array, w: number, h: number, dx: number, dy: number): number {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let y = Math.max(0, dy); y < Math.min(h, h + dy); y += 1) {
    for (let x = Math.max(0, dx); x < Math.min(w, w + dx); x += 1) {
      const [p, q] = [a[y * w + x]!, b[(y - dy) * w + x - dx]!];
      if (p !== p || q !== q) continue;
      n += 1; sa += p; sb += q; saa += p * p; sbb += q * q; sab += p * q;
    }
  }
  if (n < (w * h) / 4) return -1;
  const spread = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return spread > 0 ? (sab - (sa * sb) / n) / Math.sqrt(spread) : -1;
}

export interface Change {
  /** As a picture of change: from -`most` to `most`. */
  levels: Levels;
  mean: number;
  before: number;
  now: number;
  /** Shares of what both have. */
  lost: number;
  gained: number;
  /** How much of the picture both have. */
  shared: number;
}

/** The later less the earlier, where both have values; a change counts from `least` on. */
export function changeOf(now: { levels: Levels; shown: Range }, before: { levels: Levels; shown: Range }, fit: Fit, palette: Uint8Array, most = 0.3, least = 0.1): Change {
  const { width, height } = now.levels;
  const out = new Uint8Array(width * height);
  const table = (shown: Range) => Float64Array.from({ length: 256 }, (_, level) => valueOf(level, shown) ?? Number.NaN);
  const [later, earlier] = [table(now.shown), table(before.shown)];
  let [n, sum, lost, gained, was, is] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < height; y += 1) {
    const yy = Math.floor(((y + 0.5) / height - fit.dy) * before.levels.height);
    if (yy < 0 || yy >= before.levels.height) continue;
    for (let x = 0; x < width; x += 1) {
      const xx = Math.floor(((x + 0.5) / width - fit.dx) * before.levels.width);
      if (xx < 0 || xx >= before.levels.width) continue;
      const [b, a] = [earlier[before.levels.levels[yy * before.levels.width + xx]!]!, later[now.levels.levels[y * width + x]!]!];
      const change = a - b;
      if (change !== change) continue;
      n += 1; sum += change; was += b; is += a;
      if (change < -least) lost += 1;
      else if (change > least) gained += 1;
      out[y * width + x] = 1 + Math.round(Math.min(1, Math.max(0, (change + most) / (2 * most))) * 254);
    }
  }
  const of = (m: number) => (n > 0 ? m / n : 0);
  return { levels: { width, height, palette, levels: out }, mean: of(sum), before: of(was), now: of(is), lost: of(lost), gained: of(gained), shared: n / (width * height) };
}
