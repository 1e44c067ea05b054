// The whole of a history, page by page.

import { read, url } from './client.ts';
import type { History } from './types.ts';

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
