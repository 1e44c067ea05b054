import { expect, test } from 'vitest';
import { changeOf, fitOf, kLikely } from './fit.ts';
import { changePalette, type Levels } from './raster.ts';

const shown = { low: 0, high: 1 };
/** Blots on a ground, seen from a place. */
function field(dx: number, dy: number, add = 0, seed = 7): Levels {
  const [width, height] = [256, 192];
  const blots = Array.from({ length: 40 }, () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return { x: seed % 300, y: Math.floor(seed / 300) % 240, r: 6 + (seed % 12) };
  });
  const levels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) levels[y * width + x] = 60 + add + (blots.some((b) => Math.hypot(x + dx - b.x, y + dy - b.y) < b.r) ? 120 : 0);
  }
  return { width, height, palette: changePalette, levels };
}

test('two pictures of one ground are laid on each other', () => {
  const fit = fitOf(field(0, 0), field(16, 8));
  expect(fit.dx * 256).toBeCloseTo(16, 0);
  expect(fit.dy * 192).toBeCloseTo(8, 0);
  expect(fit.likeness).toBeGreaterThan(0.8);
});

test('two pictures of different ground do not fit', () => {
  expect(fitOf(field(0, 0), field(0, 0, 0, 12_345)).likeness).toBeLessThan(kLikely);
});

test('what is lost and what has no data', () => {
  const [now, before] = [field(0, 0, 0), field(0, 0, 51)];
  now.levels[0] = 0;
  const change = changeOf({ levels: now, shown }, { levels: before, shown }, { dx: 0, dy: 0, likeness: 1 }, changePalette);
  expect(change.mean).toBeCloseTo(-51 / 254, 2);
  expect(change.now - change.before).toBeCloseTo(change.mean, 6);
  expect([change.lost, change.gained]).toEqual([1, 0]);
  expect(change.shared).toBeCloseTo(1, 3);
  expect(change.levels.levels[0]).toBe(0);
  expect(change.levels.levels[1]).toBe(1 + Math.round(((-51 / 254 + 0.3) / 0.6) * 254));
});
