// A small line of 24 hours: broken where nothing is known, the running hour apart.

export interface Spark {
  /** Paths of what is whole. */
  solid: string[];
  /** Hours that stand alone between gaps. */
  dots: { x: number; y: number }[];
  /** To the hour that is still running; empty when there is none. */
  running: string;
  words: string;
}

export function spark(values: (number | null)[], width: number, height: number): Spark {
  const top = Math.max(1, ...values.map((v) => v ?? 0));
  const point = (i: number) => ({
    x: round((i * width) / Math.max(1, values.length - 1)),
    y: round(height - 1.5 - ((values[i] ?? 0) / top) * (height - 3)),
  });
  const text = (i: number) => `${point(i).x} ${point(i).y}`;
  const last = values.length - 1;
  const whole = values.slice(0, last);
  const solid: string[] = [];
  const dots: Spark['dots'] = [];
  for (let i = 0; i < whole.length; ) {
    let end = i;
    while (end < whole.length && whole[end] !== null) end += 1;
    if (end - i > 1) solid.push(`M${Array.from({ length: end - i }, (_, k) => text(i + k)).join(' ')}`);
    else if (end - i === 1) dots.push(point(i));
    i = Math.max(end, i + 1);
  }
  let running = '';
  if (last >= 0 && values[last] !== null) {
    if (last > 0 && values[last - 1] !== null) running = `M${text(last - 1)} ${text(last)}`;
    else dots.push(point(last));
  }
  return { solid, dots, running, words: words(values) };
}

function words(values: (number | null)[]): string {
  const known = values.filter((v) => v !== null);
  if (known.length === 0) return 'not watched in the last 24 hours';
  const now = values.at(-1) ?? null;
  const gaps = known.length < values.length ? `; ${known.length} of ${values.length} hours watched` : '';
  return `at most ${Math.max(...known)} in an hour, ${now === null ? 'this hour not watched' : `${now} so far in this one`}${gaps}`;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
