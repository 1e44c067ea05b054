// What a count rests on, in words: `32 of 60 min watched`.

import { duration } from './time.ts';

const kMinute = 60;
const kHour = 3600;

/** Both in the unit that fits the longer one; `none of ...` when nothing was watched. */
export function watched(coverage_s: number, period_s: number, nothing = false): string {
  const [unit, name] = period_s <= 2 * kHour ? [kMinute, 'min'] : [kHour, 'h'];
  const of = format(period_s / unit);
  if (nothing || coverage_s <= 0) return `none of ${of} ${name} watched`;
  // Rounding must not turn a gap into a whole, nor a moment into nothing.
  if (coverage_s >= period_s * 0.995) return `${of} of ${of} ${name} watched`;
  // Little of a long time: in the unit that still says something.
  if (coverage_s < unit) return `${duration(unit === kHour ? Math.ceil(coverage_s / 60) * 60 : Math.ceil(coverage_s))} of ${of} ${name} watched`;
  return `${format(Math.min(coverage_s, period_s) / unit)} of ${of} ${name} watched`;
}

function format(n: number): string {
  return n < 10 && n % 1 >= 0.05 && n % 1 < 0.95 ? n.toFixed(1) : String(Math.round(n));
}
