// The map of an index as numbers: its PNG holds a place of the ramp for each pixel, so that a browser can read values out of
// it, colour it anew over another range, and take one date from another. No page here.

export interface Levels {
  width: number;
  height: number;
  /** 256 colours of three bytes: the first is that of no data, the others are the ramp. */
  palette: Uint8Array;
  /** One a pixel: 0 for no data, 1 to 255 from the low end of what is shown to its high end. */
  levels: Uint8Array;
}

export interface Range {
  low: number;
  high: number;
}

const kSignature = [137, 80, 78, 71, 13, 10, 26, 10];

/** Reads a PNG of 8-bit palette places; throws an Error for any other. The browser's own decoder gives colours and no places. */
export async function readLevels(bytes: Uint8Array<ArrayBuffer>): Promise<Levels> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kSignature.some((byte, i) => bytes[i] !== byte)) throw new Error('not a PNG');
  let size: { width: number; height: number } | null = null;
  const palette = new Uint8Array(256 * 3);
  const packed: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      if (data[8] !== 8 || data[9] !== 3 || data[12] !== 0) throw new Error('not a PNG of palette places');
      size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    } else if (type === 'PLTE') palette.set(data.subarray(0, palette.length));
    else if (type === 'IDAT') packed.push(data);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (size === null) throw new Error('a PNG without a head');
  const raw = new Uint8Array(await new Response(new Blob(packed).stream().pipeThrough(new DecompressionStream('deflate'))).arrayBuffer());
  return { ...size, palette, levels: unfiltered(raw, size.width, size.height) };
}

/** Undoes the filters of PNG's rows, one byte a pixel. */
function unfiltered(raw: Uint8Array, width: number, height: number): Uint8Array {
  if (raw.length < (width + 1) * height) throw new Error('a PNG that ends early');
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const from = y * (width + 1);
    const filter = raw[from]!;
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      const left = x > 0 ? out[row + x - 1]! : 0;
      const up = y > 0 ? out[row - width + x]! : 0;
      const corner = x > 0 && y > 0 ? out[row - width + x - 1]! : 0;
      const add = filter === 0 ? 0 : filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
      out[row + x] = raw[from + 1 + x]! + add;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The value in the middle of a level; null for no data. */
export function valueOf(level: number, shown: Range): number | null {
  return level === 0 ? null : shown.low + ((level - 1) / 254) * (shown.high - shown.low);
}

/** The level at a place from 0 to 1 of the picture. */
export function levelAt({ width, height, levels }: Levels, x: number, y: number): number {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return levels[row * width + column]!;
}

const wordOf = (r: number, g: number, b: number) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** For each level its colour over another range, as one word of an ImageData; no data is clear. */
export function coloursOf(palette: Uint8Array, shown: Range, range: Range): Uint32Array {
  const colours = new Uint32Array(256);
  for (let level = 1; level < 256; level += 1) {
    const part = (valueOf(level, shown)! - range.low) / Math.max(1e-9, range.high - range.low);
    const place = 3 * (1 + Math.round(Math.min(1, Math.max(0, part)) * 254));
    colours[level] = wordOf(palette[place]!, palette[place + 1]!, palette[place + 2]!);
  }
  return colours;
}

/** The colour of a value over a range, for CSS. */
export function colourOf(palette: Uint8Array, value: number, range: Range): string {
  const part = (value - range.low) / Math.max(1e-9, range.high - range.low);
  const place = 3 * (1 + Math.round(Math.min(1, Math.max(0, part)) * 254));
  return `rgb(${palette[place]} ${palette[place + 1]} ${palette[place + 2]})`;
}

/** The bar below a histogram: the ramp over its axis, its end colours beyond the range. */
export function gradientOf(palette: Uint8Array, axis: Range, range: Range): string {
  const stops = Array.from({ length: 33 }, (_, i) => colourOf(palette, axis.low + (i / 32) * (axis.high - axis.low), range));
  return `linear-gradient(90deg, ${stops.join(', ')})`;
}

/** Loss, nothing, gain: zero is neutral, both ends are told apart also by people who see few colours. */
const kChange = ['6b2072', '904996', 'b275b6', 'd2acd4', 'e5d4e7', 'f2f2f2', 'd0e3cd', 'a7cea6', '70ac77', '3f8754', '126139'];

/** A palette as Levels has one, for a change from -1 to 1 of its range. */
export const changePalette: Uint8Array = (() => {
  const palette = new Uint8Array(256 * 3);
  const stops = kChange.map((hex) => [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)));
  for (let i = 1; i < 256; i += 1) {
    const place = ((i - 1) / 254) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c += 1) palette[3 * i + c] = Math.round(stops[first]![c]! * (1 - place + first) + stops[first + 1]![c]! * (place - first));
  }
  return palette;
})();

/** How levels lie: so many bins over a range of values. */
export function histogramOf(levels: Uint8Array, shown: Range, bins: number): { low: number; high: number; counts: number[] } {
  const each = new Array<number>(256).fill(0);
  for (const level of levels) each[level]! += 1;
  const counts = new Array<number>(bins).fill(0);
  for (let level = 1; level < 256; level += 1) counts[Math.min(bins - 1, Math.floor(((level - 1) / 254) * bins))]! += each[level]!;
  return { low: shown.low, high: shown.high, counts };
}
