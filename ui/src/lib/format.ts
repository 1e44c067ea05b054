// Numbers to words: grouped, with their unit, a dash for what is not known.

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
export const kDash = '–';

export function count(n: number | null | undefined): string {
  return n == null ? kDash : grouped.format(n);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A share of 0..1 as `81 %`; what exists is never shown as nothing. */
export function percent(share: number): string {
  const p = share * 100;
  return p > 0 && p < 0.5 ? '< 1 %' : `${Math.round(p)} %`;
}

/** `1.9 GB`, in steps of 1000 as disks are sold. */
export function bytes(n: number | null): string {
  if (n === null) return kDash;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : short(value)} ${units[unit]}`;
}

/** `0.4 ms`, `140 ms`, `2.1 s`. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return kDash;
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 20 ? Math.round(ms) : short(ms)} ms`;
}

/** One decimal, unless it says nothing: `10.3`, `11`. */
function short(n: number): string {
  return n.toFixed(1).replace(/\.0$/, '');
}

export function rate(n: number | null, digits = 1): string {
  return n === null ? kDash : n >= 100 ? grouped.format(n) : n.toFixed(digits);
}

const kTypes: Record<string, string> = {
  car: 'Car', truck: 'Truck', bus: 'Bus', motorcycle: 'Motorcycle', bicycle: 'Bicycle', person: 'Person',
  vehicle: 'Vehicle', moving: 'Moving object',
};

/** The type's name for people; an unknown one as it came. */
export function typeName(type: string): string {
  return kTypes[type] ?? type.charAt(0).toUpperCase() + type.slice(1);
}

/** The type's colour token; types nobody gave a colour share the neutral one. */
export function typeColour(type: string): string {
  return type in kTypes ? `var(--${type})` : 'var(--ink-3)';
}

export const kTypeOrder = Object.keys(kTypes);
