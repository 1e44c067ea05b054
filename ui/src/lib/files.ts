// Choosing a file on the server: what its folders hold, as the dialog shows and walks it.

import type { SourceEntry } from '../api/types.ts';
import { plural } from './format.ts';

/** The folder that a typed path lies in: where choosing begins. Empty for what is no path. */
export function folderOf(source: string): string {
  const path = source.trim().replace(/^file:(\/\/)?/i, '');
  if (!path.startsWith('/')) return '';
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** What a camera may be called that plays this: the file's name without its ending. */
export function nameOf(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.replace(/\.[^.]{1,5}$/, '').replaceAll(/[_\s]+/g, ' ').trim().slice(0, 100);
}

/** `3 recordings, 2 folders; 4 other files are no recordings`. */
export function holdsWords(entries: readonly Pick<SourceEntry, 'kind'>[], others: number): string {
  const files = entries.filter((entry) => entry.kind === 'file').length;
  const folders = entries.length - files;
  const parts = [files > 0 ? plural(files, 'recording') : '', folders > 0 ? plural(folders, 'folder') : ''].filter(Boolean);
  const left = others > 0 ? `${plural(others, 'other file')} ${others === 1 ? 'is' : 'are'} not shown` : '';
  return [parts.join(', '), left].filter(Boolean).join('; ');
}

const kPage = 10;

/** Where a key leads to in a list of that many, from `at`; null: nowhere, the key means something else. */
export function moved(key: string, at: number, many: number): number | null {
  if (many === 0) return null;
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at < 0 ? many - 1 : at - 1, Home: 0, End: many - 1, PageDown: at + kPage, PageUp: at - kPage };
  const next = to[key];
  return next === undefined ? null : Math.min(many - 1, Math.max(0, next));
}

/** The next entry whose name begins with what was typed; a single letter, typed again, goes on to the next of it. */
export function typedTo(typed: string, names: readonly string[], at: number): number | null {
  const letters = typed.toLowerCase();
  const isOneLetter = [...letters].every((c) => c === letters[0]);
  const wanted = isOneLetter ? letters[0]! : letters;
  const first = isOneLetter ? at + 1 : Math.max(0, at);
  for (let n = 0; n < names.length; n += 1) {
    const i = (first + n) % names.length;
    if (names[i]!.toLowerCase().startsWith(wanted)) return i;
  }
  return null;
}
