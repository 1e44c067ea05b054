// The whole of a history, page by page.

import { read, url } from './client.ts';
import type { History, LineHistory } from './types.ts';

async function readPages<T extends { rows: unknown[]; next: string | null }>(path: string, signal: AbortSignal, add: (whole: T, page: T) => void): Promise<T> {
  const first = await read<T>(path, signal);
  if (first.next === null) return first;
  const whole = { ...first, rows: [...first.rows], next: null };
  for (let cursor: string | null = first.next; cursor !== null; ) {
    const page: T = await read<T>(`${path}&${url('', { cursor }).slice(1)}`, signal);
    whole.rows.push(...page.rows);
    add(whole, page);
    cursor = page.next;
  }
  return whole;
}

export function readHistory(path: string, signal: AbortSignal): Promise<History> {
  return readPages<History>(path, signal, (whole, page) => (whole.coverage = [...whole.coverage, ...page.coverage]));
}

/** Of one line and direction; what was watched, the camera's history says. */
export function readLineHistory(path: string, signal: AbortSignal): Promise<LineHistory> {
  return readPages<LineHistory>(path, signal, () => undefined);
}
