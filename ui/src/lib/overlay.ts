// What lies over the picture: which parts the reader wants to see, and the figures of the lines.

import type { Direction, Line } from '../api/types.ts';
import { count } from './format.ts';
import { toTheRight } from './geometry.ts';
import { remember, remembered } from './storage.ts';
import type { LineFigure } from './watched.ts';

export const kParts = ['boxes', 'lines', 'labels'] as const;
export type Part = (typeof kParts)[number];
export type Shown = Record<Part, boolean>;

const kKey = 'vedette.overlay';

/** All of them, unless the reader said otherwise before. */
export function shownBefore(): Shown {
  const hidden = (remembered(kKey) ?? '').split(',');
  return Object.fromEntries(kParts.map((part) => [part, !hidden.includes(part)])) as Shown;
}

export function rememberShown(shown: Shown) {
  const hidden = kParts.filter((part) => !shown[part]);
  remember(kKey, hidden.length > 0 ? hidden.join(',') : null);
}

/** A direction's count where the arrow points, in per cent of the picture. */
export interface Tally {
  key: string;
  direction: Direction;
  left: number;
  top: number;
  /** Of an arrow that points right, degrees clockwise. */
  angle: number;
  figure: string;
  words: string;
}

/** How far along the line its figures stand: near its beginning, where they hide little of the road. */
const kAlong = 0.12;

/**
 * One for each line and direction that has a figure in the table; the same as there. `gap` is how far from the line,
 * in pixels of the picture.
 */
export function tallies(lines: Line[], rows: LineFigure[], size: { width: number; height: number }, gap: number, period: string): Tally[] {
  return rows.flatMap((row) => {
    const line = lines.find((l) => l.id === row.line_id);
    if (!line || row.vehicles === null) return [];
    const way = row.direction === 'a_to_b' ? 1 : -1;
    const n = toTheRight(line);
    const x = line.x1 + (line.x2 - line.x1) * kAlong + n.x * way * gap;
    const y = line.y1 + (line.y2 - line.y1) * kAlong + n.y * way * gap;
    return {
      key: `${row.line_id} ${row.direction}`,
      direction: row.direction,
      left: within(x / size.width),
      top: within(y / size.height),
      angle: Math.round((Math.atan2(n.y * way, n.x * way) * 180) / Math.PI),
      figure: count(row.vehicles),
      words: `${row.name}, ${row.label}: ${count(row.vehicles)}, ${period}`,
    };
  });
}

function within(share: number): number {
  return Math.round(Math.min(0.95, Math.max(0.05, share)) * 1000) / 10;
}
