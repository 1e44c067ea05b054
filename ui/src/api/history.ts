// The whole of a history, page by page.

import { read, url } from './client.ts';
import type { History, LineHistory } from './types.ts';

export async function readHistory(path: string, signal: AbortSignal): Promise<History> {
  const first = await read<History>(path, signal);
  if (first.next === null) return first;
  const whole = { ...first, rows: [...first.rows], coverage: [...first.coverage] };
  for (let cursor: string | null = first.next; cursor !== null; ) {
    const page: History = await read<History>(`${path}&${url('', { cursor }).slice(1)}`, signal);
    whole.rows.push(...page.rows);
    whole.coverage.push(...page.coverage);
    cursor = page.next;
  }
  whole.next = null;
  return whole;
}

/** Of one line and direction; what was watched, the camera's history says. */
export async function readLineHistory(path: string, signal: AbortSignal): Promise<LineHistory> {
  const whole: LineHistory = { rows: [], next: null };
  for (let cursor: string | null = null, isFirst = true; isFirst || cursor !== null; isFirst = false) {
    const page: LineHistory = await read<LineHistory>(cursor === null ? path : `${path}&${url('', { cursor }).slice(1)}`, signal);
    whole.rows.push(...page.rows);
    cursor = page.next;
  }
  return whole;
}
