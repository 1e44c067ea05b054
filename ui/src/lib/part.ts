// A part of a recording, as its page shows it and the address says it: `part=12..40.5`, seconds from the recording's beginning.

import type { Range } from './period.ts';
import { position, spanWords } from './recording.ts';

/** Seconds from the beginning of the recording. */
export interface Part {
  from: number;
  to: number;
}

/** A recording of an hour and more is spoken of by the clock, a shorter one by how far into it. */
const kByClockFromS = 3600;
/** The least that is worth a look. */
const kLeastS = 0.1;

export const lengthOf = (span: Range) => (span.end.getTime() - span.from.getTime()) / 1000;
export const isByClock = (span: Range) => lengthOf(span) >= kByClockFromS;

/** `1:20`, `1:02:40`, `0:12.5` or plain seconds; null for what is none. */
export function parsePosition(text: string): number | null {
  const match = /^(?:(\d{1,4}):)?(?:(\d{1,2}):)?(\d{1,7}(?:[.,]\d{1,3})?)$/.exec(text.trim());
  if (!match) return null;
  const [, first, second, last] = match;
  const seconds = Number(last!.replace(',', '.'));
  // With two numbers the first is minutes.
  const minutes = Number((second ?? first) ?? 0);
  const hours = second === undefined ? 0 : Number(first);
  if (first !== undefined && (seconds >= 60 || (second !== undefined && minutes >= 60))) return null;
  return hours * 3600 + minutes * 60 + seconds;
}

/** What the address says, as far as it lies in the recording; null: all of it. */
export function parsePart(text: string | null, span: Range): Part | null {
  const match = /^(\d{1,7}(?:\.\d{1,3})?)\.\.(\d{1,7}(?:\.\d{1,3})?)$/.exec(text ?? '');
  if (!match) return null;
  const from = Number(match[1]);
  const to = Math.min(Number(match[2]), lengthOf(span));
  const isAll = from === 0 && to >= lengthOf(span);
  return to - from >= kLeastS && !isAll ? { from, to } : null;
}

export function partText({ from, to }: Part): string {
  const short = (s: number) => String(Math.round(s * 1000) / 1000);
  return `${short(from)}..${short(to)}`;
}

/** What lies between two instants, as far as they lie in the recording. */
export function partBetween(from: Date, end: Date, span: Range): Part {
  const at = (t: Date) => Math.min(lengthOf(span), Math.max(0, (t.getTime() - span.from.getTime()) / 1000));
  return { from: at(from), to: at(end) };
}

/** What lies around one of several instants of a recording: half the way to those before and after it. */
export function partAround(times: readonly Date[], i: number, span: Range): Part {
  const half = (a: Date, b: Date) => new Date((a.getTime() + b.getTime()) / 2);
  const [before, after] = [times[i - 1], times[i + 1]];
  return partBetween(before ? half(before, times[i]!) : span.from, after ? half(times[i]!, after) : span.end, span);
}

/** As instants. */
export function rangeOf(part: Part, span: Range): Range {
  const at = (s: number) => new Date(span.from.getTime() + Math.round(s * 1000));
  return { from: at(part.from), end: at(part.to), open: false };
}

/** `0:12 – 0:40`, or of a long recording `20 Nov, 10:00 – 11:30`. */
export function partWords(part: Part, span: Range, now: Date): string {
  const range = rangeOf(part, span);
  if (isByClock(span)) return spanWords(range, now);
  const tenths = part.from % 1 > 0 || (part.to % 1 > 0 && part.to < lengthOf(span));
  return `${position(range.from, span.from, tenths)} – ${position(range.end, span.from, tenths)}`;
}

/** What is wrong with two positions, each beside its field. */
export function partProblems(from: number | null, to: number | null, span: Range): { from: string | null; to: string | null } {
  const length = lengthOf(span);
  const end = position(span.end, span.from);
  const wanted = isByClock(span) ? 'Choose a day and time.' : 'Write it as 1:20, minutes and seconds.';
  const last = isByClock(span) ? 'That is behind its end.' : `It is ${end} long.`;
  return {
    from: from === null ? wanted : from < 0 ? 'That is before it begins.' : from >= length ? last : null,
    // A last picture is easily overshot; what lies beyond the end is nothing more.
    to: to === null ? wanted : from !== null && to - from < kLeastS ? 'The end comes before the beginning.' : to > length + 1 ? last : null,
  };
}
