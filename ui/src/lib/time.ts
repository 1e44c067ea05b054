// Instants to words. Times are shown in the reader's zone; UTC is one hover away.

const two = (n: number) => String(n).padStart(2, '0');
const kMonths = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const kDays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

export function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** The same wall-clock time n days later, across changes of summer time. */
export function addDays(date: Date, n: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + n, date.getHours(), date.getMinutes());
}

export function sameDay(a: Date, b: Date): boolean {
  return startOfDay(a).getTime() === startOfDay(b).getTime();
}

/** `14:02`, or with seconds `14:02:11`. */
export function clock(date: Date, seconds = false): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ''}`;
}

/** `21 Nov`, with the year when it is another one than now's. */
export function day(date: Date, now: Date): string {
  const year = date.getFullYear() === now.getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${kMonths[date.getMonth()]}${year}`;
}

export function weekday(date: Date): string {
  return kDays[date.getDay()]!;
}

/** `14:02` today, `21 Nov, 14:02` otherwise. */
export function when(date: Date, now: Date, seconds = false): string {
  return sameDay(date, now) ? clock(date, seconds) : `${day(date, now)}, ${clock(date, seconds)}`;
}

/** `2026-11-22 13:02:11 UTC`. */
export function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `2026-11-22` in local time. */
export function isoDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Local midnight of `2026-11-22`; null for what is no date. */
export function parseDay(text: string): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return null;
  const date = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return isoDay(date) === text ? date : null;
}

/** The zone's short name as the browser knows it: `CET`, `UTC`, `GMT+5:30`. */
export function zone(date: Date): string {
  const part = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
    .formatToParts(date)
    .find((p) => p.type === 'timeZoneName');
  return part?.value ?? '';
}

/** How far the zone is east of UTC: `+05:30`. */
export function utcOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const far = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(far / 60))}:${two(far % 60)}`;
}

/** `4 min 52 s`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10 && s % 1 >= 0.05) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}

/** `now`, `3 s ago`, `5 min ago`; beyond an hour the time itself. */
export function ago(date: Date, now: Date): string {
  const s = (now.getTime() - date.getTime()) / 1000;
  if (s < 2) return 'now';
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  return when(date, now, true);
}

/** `now`, `in 26 s`, `in 5 min`; beyond an hour the time itself. */
export function until(date: Date, now: Date): string {
  const s = (date.getTime() - now.getTime()) / 1000;
  if (s < 1) return 'now';
  if (s < 60) return `in ${Math.ceil(s)} s`;
  if (s < 3600) return `in ${Math.ceil(s / 60)} min`;
  return `at ${when(date, now)}`;
}
