// Counting lines in picture pixels, y down. A crossing from the line's left to its right, looking
// from its first point to its second, is called a_to_b.

import type { LineInput } from '../api/types.ts';

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export type Ends = Pick<LineInput, 'x1' | 'y1' | 'x2' | 'y2'>;

export const kShortest = 8;

export function length(line: Ends): number {
  return Math.hypot(line.x2 - line.x1, line.y2 - line.y1);
}

export function middle(line: Ends): Point {
  return { x: (line.x1 + line.x2) / 2, y: (line.y1 + line.y2) / 2 };
}

/** Unit vector to the line's right: where a crossing a_to_b goes. */
export function toTheRight(line: Ends): Point {
  const n = length(line) || 1;
  return { x: -(line.y2 - line.y1) / n, y: (line.x2 - line.x1) / n };
}

/** Shaft and head of the arrow a_to_b through the line's middle, as an SVG path. */
export function arrow(line: Ends, size: number): string {
  const m = middle(line);
  const n = toTheRight(line);
  const tip = { x: m.x + n.x * size, y: m.y + n.y * size };
  const barb = size * 0.4;
  const side = (s: 1 | -1) =>
    `${fixed(tip.x - n.x * barb - s * n.y * barb)} ${fixed(tip.y - n.y * barb + s * n.x * barb)}`;
  return `M${fixed(m.x)} ${fixed(m.y)}L${fixed(tip.x)} ${fixed(tip.y)}M${side(1)}L${fixed(tip.x)} ${fixed(tip.y)}L${side(-1)}`;
}

/** Where a_to_b goes in the picture; the server calls a direction so that nobody named. */
export function heading(line: Ends): string {
  const n = toTheRight(line);
  if (Math.abs(n.y) >= Math.abs(n.x)) return n.y > 0 ? 'down' : 'up';
  return n.x > 0 ? 'right' : 'left';
}

export function clampPoint(p: Point, size: Size): Point {
  return {
    x: Math.round(Math.min(Math.max(p.x, 0), size.width - 1)),
    y: Math.round(Math.min(Math.max(p.y, 0), size.height - 1)),
  };
}

/** Moves the whole line as far as the picture allows, its shape kept. */
export function moved<T extends Ends>(line: T, dx: number, dy: number, size: Size): T {
  const fit = (d: number, a: number, b: number, limit: number) =>
    Math.round(Math.min(Math.max(d, -Math.min(a, b)), limit - 1 - Math.max(a, b)));
  const x = fit(dx, line.x1, line.x2, size.width);
  const y = fit(dy, line.y1, line.y2, size.height);
  return { ...line, x1: line.x1 + x, x2: line.x2 + x, y1: line.y1 + y, y2: line.y2 + y };
}

export function withEnd<T extends Ends>(line: T, end: 1 | 2, to: Point, size: Size): T {
  const p = clampPoint(to, size);
  return end === 1 ? { ...line, x1: p.x, y1: p.y } : { ...line, x2: p.x, y2: p.y };
}

/** The same line counted the other way round; each direction keeps its name. */
export function reversed<T extends Ends & Pick<LineInput, 'a_to_b' | 'b_to_a'>>(line: T): T {
  return {
    ...line,
    x1: line.x2, y1: line.y2, x2: line.x1, y2: line.y1,
    a_to_b: line.b_to_a ?? '', b_to_a: line.a_to_b ?? '',
  };
}

/** A line to start from without a pointer: across the lower middle, the n-th a little lower. */
export function firstGuess(size: Size, n: number): Ends {
  const y = Math.round(size.height * (0.55 + 0.08 * (n % 5)));
  return { x1: Math.round(size.width * 0.25), y1: y, x2: Math.round(size.width * 0.75), y2: y };
}

/** What is wrong with a line by field, empty when nothing is. */
export function problems(line: LineInput): { name?: string; ends?: string } {
  const found: { name?: string; ends?: string } = {};
  if (line.name.trim() === '') found.name = 'Give the line a name, for example the street’s.';
  if (length(line) < kShortest) found.ends = 'The two points are too close together: drag one of them away.';
  return found;
}

function fixed(n: number): string {
  return String(Math.round(n * 10) / 10);
}
