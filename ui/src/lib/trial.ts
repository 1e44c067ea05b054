// Lines tried before they are saved: whether an answer still speaks of a line as drawn, and what it
// says.

import type { Crossings, Direction, DirectionCounts, LineInput, LinesTrial, TriedLine } from '../api/types.ts';
import { count, plural } from './format.ts';
import { heading, reversed, type Ends } from './geometry.ts';
import { clock } from './time.ts';
import { watched } from './watched.ts';

export const kTrialMinutes = 10;

/** An answer, and the lines it is about, in the same order. */
export interface Trial {
  answer: LinesTrial;
  lines: (Ends & { key: number })[];
  /** What the saved lines counted in the same minutes, by key. */
  counted: Map<number, DirectionCounts>;
}

/** What the trial says of a line: `changed` when it was moved since; null when it was not tried, or on nothing. */
export function resultOf(trial: Trial | null, line: Ends & { key: number }): TriedLine | 'changed' | null {
  const at = trial?.lines.findIndex((l) => l.key === line.key) ?? -1;
  const then = trial?.lines[at];
  const result = trial?.answer.lines[at];
  if (!then || !result?.crossings) return null;
  return then.x1 === line.x1 && then.y1 === line.y1 && then.x2 === line.x2 && then.y2 === line.y2 ? result : 'changed';
}

/** The owner's word for a direction, else where it goes in the picture. */
export function directionName(line: LineInput, direction: Direction): string {
  return line[direction]?.trim() || heading(direction === 'a_to_b' ? line : reversed(line));
}

/** A direction's count as tried, and what the saved line counted in the same minutes; empty when nothing crossed. */
export function countsOf(
  line: LineInput,
  { crossings, likely }: TriedLine,
  counted: DirectionCounts | null = null,
): { name: string; tried: string; counted: string }[] {
  if (!crossings || !likely) return [];
  const tried = (direction: Direction) => crossings[direction] + likely[direction];
  const sum = (of: DirectionCounts | null) => (of ? of.a_to_b + of.b_to_a : 0);
  if (tried('a_to_b') + tried('b_to_a') + sum(counted) === 0) return [];
  return (['a_to_b', 'b_to_a'] as const).map((direction) => ({
    name: directionName(line, direction),
    tried: count(tried(direction)),
    counted: counted ? count(counted[direction]) : '',
  }));
}

/** Crossings by direction; null when there are more than one answer holds. */
export function tally({ crossings, next }: Crossings): DirectionCounts | null {
  if (next !== null) return null;
  const a_to_b = crossings.filter((c) => c.direction === 'a_to_b').length;
  return { a_to_b, b_to_a: crossings.length - a_to_b };
}

/** What the answer rests on; `thing` is what is counted, in the singular. */
export function restsOn(answer: LinesTrial, thing: string): string {
  const seconds = (Date.parse(answer.to) - Date.parse(answer.from)) / 1000;
  const time = `${watched(answer.coverage_s, seconds)} up to ${clock(new Date(answer.to))}`;
  if (answer.tracks === 0) return `${time}; nobody came by.`;
  const only = answer.truncated ? ' There was more than is looked at: older positions were left out.' : '';
  const unsure = answer.lines.reduce((sum, { likely }) => sum + (likely ? likely.a_to_b + likely.b_to_a : 0), 0);
  const likely = unsure > 0 ? ` ${count(unsure)} of the crossings lie within a second of coming into view or leaving it.` : '';
  return `${time}, ${plural(answer.tracks, thing)} seen.${only} Positions are a second apart, so the live count may differ a little.${likely}`;
}
