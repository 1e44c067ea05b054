import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { changePalette, colourOf, coloursOf, gradientOf, histogramOf, levelAt, readLevels, valueOf } from './raster.ts';

const chunk = (type: string, data: Uint8Array) => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length);
  head.write(type, 4);
  return Buffer.concat([head, data, Buffer.alloc(4)]);
};
/** Rows with their filter in front. */
function png(width: number, rows: number[][], depth = 8, type = 3) {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width);
  size.writeUInt32BE(rows.length, 4);
  size.set([depth, type, 0, 0, 0], 8);
  const packed = deflateSync(Buffer.from(rows.flat()));
  const bytes = Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', size), chunk('PLTE', Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3))),
    chunk('IDAT', packed.subarray(0, 5)), chunk('IDAT', packed.subarray(5)), chunk('IEND', new Uint8Array()),
  ]);
  return new Uint8Array(bytes);
}

test('places of the palette are read whatever the filter of a row', async () => {
  const picture = await readLevels(png(3, [[0, 10, 20, 30], [1, 5, 5, 5], [2, 1, 1, 1], [3, 100, 0, 0], [4, 1, 250, 0]]));
  expect([picture.width, picture.height]).toEqual([3, 5]);
  expect([...picture.levels]).toEqual([10, 20, 30, 5, 10, 15, 6, 11, 16, 103, 57, 36, 104, 51, 36]);
  expect(levelAt(picture, 0.5, 0)).toBe(20);
  expect(levelAt(picture, 1, 1)).toBe(36);
});

test('what is no such picture is refused', async () => {
  await expect(readLevels(new Uint8Array(20))).rejects.toThrow('not a PNG');
  await expect(readLevels(png(3, [[0, 1, 2, 3]], 8, 2))).rejects.toThrow('palette');
  await expect(readLevels(png(3, [[0, 1]]))).rejects.toThrow();
});

test('values, and their colours over another range', () => {
  const shown = { low: -0.2, high: 1 };
  expect(valueOf(0, shown)).toBeNull();
  expect(valueOf(1, shown)).toBeCloseTo(-0.2);
  expect(valueOf(255, shown)).toBeCloseTo(1);
  const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const colours = coloursOf(palette, shown, { low: 0.4, high: 1 });
  expect(colours[0]).toBe(0);
  expect(colours[1]! & 255).toBe(1);
  expect(colours[255]! & 255).toBe(255);
  expect(colours[192]! & 255).toBe(129);
  expect(colourOf(palette, 5, shown)).toBe('rgb(255 255 255)');
  expect(gradientOf(palette, shown, shown)).toMatch(/^linear-gradient\(90deg, rgb\(1 1 1\), .*rgb\(255 255 255\)\)$/);
});

test('no change is neutral, loss and gain are told apart', () => {
  const at = (i: number) => [...changePalette.subarray(3 * i, 3 * i + 3)];
  expect(at(128)).toEqual([242, 242, 242]);
  expect(at(1)).toEqual([0x6b, 0x20, 0x72]);
  expect(at(255)).toEqual([0x12, 0x61, 0x39]);
});

test('a histogram of levels leaves out what has no data', () => {
  expect(histogramOf(Uint8Array.of(0, 0, 1, 128, 255, 255), { low: 0, high: 1 }, 2)).toEqual({ low: 0, high: 1, counts: [1, 3] });
});
