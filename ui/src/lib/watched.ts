// What a count rests on, in words: `32 of 60 min watched`. Time before something was there is no time missed.

import type { Camera, Kpi, Line, LineCount, QualityIssue } from '../api/types.ts';
import { sourceKind } from './source.ts';
import { duration, when } from './time.ts';

const kMinute = 60;
const kHour = 3600;

/** Both in the unit that fits the longer one; `none of ...` when nothing was watched. */
export function watched(coverage_s: number, period_s: number, nothing = false): string {
  const [unit, name] = period_s <= 2 * kHour ? [kMinute, 'min'] : [kHour, 'h'];
  const of = period_s < kMinute ? duration(Math.max(1, Math.round(period_s))) : `${format(period_s / unit)} ${name}`;
  if (nothing || coverage_s <= 0) return `none of ${of} watched`;
  // Rounding must not turn a gap into a whole, nor a moment into nothing.
  if (coverage_s >= period_s * 0.995) return `${period_s < kMinute ? '' : `${format(period_s / unit)} of `}${of} watched`;
  // Little of a long time: in the unit that still says something, and the same for the same time.
  if (coverage_s < unit) return `${duration(coverage_s < kMinute ? Math.ceil(coverage_s) : Math.ceil(coverage_s / kMinute) * kMinute)} of ${of} watched`;
  return `${format(Math.min(coverage_s, period_s) / unit)} of ${of} watched`;
}

function format(n: number): string {
  return n < 10 && n % 1 >= 0.05 && n % 1 < 0.95 ? n.toFixed(1) : String(Math.round(n));
}

/** Since when there is anything of the camera: when it was added, or when its recording begins. */
export function birth(camera: Pick<Camera, 'source' | 'loop' | 'created_at' | 'starts_at'>): Date {
  const added = new Date(camera.created_at);
  const recorded = camera.starts_at && sourceKind(camera) === 'file' ? new Date(camera.starts_at) : added;
  return recorded < added ? recorded : added;
}

/**
 * As `watched`, of a figure for the time from `from` on: of what came after the camera was there, and since when that is.
 * `period_s` may begin at `from` or at `born`.
 */
export function watchedSince(of: { coverage_s: number; period_s: number; vehicles: number | null }, from: Date, born: Date, end: Date, now: Date): string {
  if (born <= from) return watched(of.coverage_s, of.period_s, of.vehicles === null);
  const own = Math.max(0, Math.min(of.period_s, (end.getTime() - born.getTime()) / 1000), of.coverage_s);
  if (own < 1) return 'not watched yet';
  return `${watched(of.coverage_s, own, of.vehicles === null)}, since ${when(born, now)}`;
}

/** A line's counts as they may be shown: null is what nobody measured. */
export interface LineFigure extends LineCount {
  /** Set when the line, or its camera, is younger than what is shown. */
  young: Date | null;
}

/** The rows of the table. Before a line was drawn, and while nobody watched, there is no figure, not a zero. */
export function lineFigures(kpi: Kpi, lines: Line[], born: Date): LineFigure[] {
  const first = Date.parse(kpi.hours_from);
  return kpi.lines.map((row) => {
    const drawn = row.since ?? lines.find((l) => l.id === row.line_id)?.created_at;
    const since = drawn && new Date(drawn) > born ? new Date(drawn) : born;
    return {
      ...row,
      vehicles: kpi.total.vehicles === null || since >= new Date(kpi.to) ? null : row.vehicles,
      by_hour: row.by_hour.map((n, i) => (first + (i + 1) * 3_600_000 <= since.getTime() ? null : n)),
      young: since > new Date(kpi.from) && since < new Date(kpi.to) ? since : null,
    };
  });
}

/** What stands where no gap is listed; `born` within the period says since when there is a record at all. */
export function recordWords(at: { issues: QualityIssue[]; coverage_s: number | null; isOn: boolean; born: Date; from: Date; name: string; now: Date }): string {
  if (at.coverage_s === null) return `No gap in the record, ${at.name}.`;
  if (at.coverage_s <= 0) return at.isOn ? `Nothing was watched yet, ${at.name}.` : `Switched off: nothing was watched, ${at.name}.`;
  if (at.born > at.from) {
    const own = (at.now.getTime() - at.born.getTime()) / 1000;
    const rest = at.coverage_s < 0.9 * own && own > 60 ? watched(at.coverage_s, own) : 'no gap since';
    return `Watched since ${when(at.born, at.now)}, when the camera was added; ${rest}.`;
  }
  return `No gap in the record, ${at.name}.`;
}
