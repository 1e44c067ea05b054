// The period of a page, as its address says it: today, 7d, 28d, or from..to in local days.

import { addDays, day, isoDay, parseDay, sameDay, startOfDay } from './time.ts';

export type Period =
  | { kind: 'today' | '7d' | '28d' }
  | { kind: 'days'; from: Date; to: Date };

export type Grain = 'hour' | 'day';
/** What a bar may stand for; a short recording has finer ones. */
export type BarGrain = Grain | '5min';

export interface Range {
  from: Date;
  /** End of the axis, exclusive. */
  end: Date;
  /** Whether the period runs up to now. */
  open: boolean;
}

export const kLongestDays = 366;
const kLongestByHour = 35;

/** Today for everything that is no period. */
export function parsePeriod(text: string | null): Period {
  if (text === '7d' || text === '28d') return { kind: text };
  const [first, last, ...rest] = (text ?? '').split('..');
  const from = parseDay(first ?? '');
  const to = parseDay(last ?? '');
  if (!from || !to || rest.length > 0 || to < from || addDays(from, kLongestDays) <= to) return { kind: 'today' };
  return { kind: 'days', from, to };
}

export function periodText(period: Period): string {
  return period.kind === 'days' ? `${isoDay(period.from)}..${isoDay(period.to)}` : period.kind;
}

export function range(period: Period, now: Date): Range {
  const tomorrow = addDays(startOfDay(now), 1);
  switch (period.kind) {
    case 'today':
      return { from: startOfDay(now), end: tomorrow, open: true };
    case '7d':
      return { from: addDays(tomorrow, -7), end: tomorrow, open: true };
    case '28d':
      return { from: addDays(tomorrow, -28), end: tomorrow, open: true };
    case 'days': {
      const end = addDays(period.to, 1);
      return { from: period.from, end, open: end > now };
    }
  }
}

export function days(r: Range): number {
  return Math.round((r.end.getTime() - r.from.getTime()) / 86_400_000);
}

/** The bars that fit: hours up to a week, days beyond, unless the reader chose. */
export function grainOf(r: Range, chosen: string | null): Grain {
  const n = days(r);
  if (n > kLongestByHour) return 'day';
  if (n > 1 && (chosen === 'hour' || chosen === 'day')) return chosen;
  return n > 7 ? 'day' : 'hour';
}

export function mayChooseGrain(r: Range): boolean {
  return days(r) > 1 && days(r) <= kLongestByHour;
}

/** `today`, `last 7 days`, `3 Nov – 9 Nov`. */
export function periodName(period: Period, now: Date): string {
  switch (period.kind) {
    case 'today':
      return 'today';
    case '7d':
      return 'last 7 days';
    case '28d':
      return 'last 28 days';
    case 'days':
      return sameDay(period.from, period.to)
        ? day(period.from, now)
        : `${day(period.from, now)} – ${day(period.to, now)}`;
  }
}
