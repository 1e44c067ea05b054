// Files on their way: which of them are pictures, what they are called, how far they are. No page here.

import { bytes, count, plural } from './format.ts';
import { duration } from './time.ts';

export type SendState = 'waiting' | 'sending' | 'sent' | 'known' | 'refused';

export interface Sending {
  file: File;
  /** The folder it came in. */
  folder: string;
  state: SendState;
  /** Bytes that have gone. */
  sent: number;
  /** Why it was refused. */
  problem: string;
}

const kPicture = /\.(jpe?g|tiff?|png|jp2|dng)$/i;

/** Pictures by their names, in the order in which people count; the rest of a card (logs, thumbnails) stays where it is. */
export function picturesOf(files: readonly File[]): File[] {
  const order = new Intl.Collator('en', { numeric: true });
  return files
    .filter((file) => kPicture.test(file.name) && !file.name.startsWith('.') && file.size > 0)
    .sort((a, b) => order.compare(a.webkitRelativePath || a.name, b.webkitRelativePath || b.name));
}

/** The folder a file was chosen or dropped with: what its flight is called; empty for a file by itself. */
export function folderOf(file: File): string {
  const path = file.webkitRelativePath.split('/');
  return path.length > 1 ? path[0]! : '';
}

/** `North field`, `North field and South field`, `3 folders`. */
export function foldersWords(names: readonly string[]): string {
  return names.length <= 2 ? names.join(' and ') : `${names.length} folders`;
}

export interface Totals {
  files: number;
  done: number;
  known: number;
  refused: number;
  bytes: number;
  sent: number;
}

export function totalsOf(all: readonly Sending[]): Totals {
  const totals = { files: all.length, done: 0, known: 0, refused: 0, bytes: 0, sent: 0 };
  for (const one of all) {
    const isDone = one.state === 'sent' || one.state === 'known';
    totals.done += isDone ? 1 : 0;
    totals.known += one.state === 'known' ? 1 : 0;
    totals.refused += one.state === 'refused' ? 1 : 0;
    totals.bytes += one.state === 'known' || one.state === 'refused' ? 0 : one.file.size;
    totals.sent += one.state === 'sent' ? one.file.size : one.state === 'sending' ? one.sent : 0;
  }
  return totals;
}

/** `121 of 167 files`, `292 of 403 MB`. */
export function doneWords({ files, done, bytes: all, sent }: Totals): { files: string; bytes: string } {
  return { files: `${count(done)} of ${plural(files, 'file')}`, bytes: all > 0 ? `${bytes(sent)} of ${bytes(all)}` : '' };
}

/** `6.2 MB/s, 18 s left`; nothing before it is known. */
export function paceWords(totals: Totals, bytesPerS: number): string {
  if (bytesPerS < 1) return '';
  const left = (totals.bytes - totals.sent) / bytesPerS;
  return `${bytes(bytesPerS)}/s${left >= 1 ? `, ${duration(left)} left` : ''}`;
}

/** The digest by which the server knows a file; null where the browser has none to offer, or it is too large for memory. */
export async function digestOf(file: File): Promise<string | null> {
  const kMost = 256 * 1024 * 1024;
  if (file.size > kMost || typeof crypto === 'undefined' || !crypto.subtle) return null;
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Entry {
  isFile: boolean;
  isDirectory: boolean;
  name: string;
  fullPath: string;
  file?: (done: (file: File) => void, failed: (error: unknown) => void) => void;
  createReader?: () => { readEntries: (done: (entries: Entry[]) => void, failed: (error: unknown) => void) => void };
}

/** All files of what was dropped, folders walked; each with its path as a chosen folder would give it. */
export async function filesOfEntries(entries: readonly Entry[]): Promise<File[]> {
  const all: File[] = [];
  for (const entry of entries) {
    if (entry.isFile && entry.file) {
      const file = await new Promise<File>((done, failed) => entry.file!(done, failed));
      Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') });
      all.push(file);
    } else if (entry.isDirectory && entry.createReader) {
      const reader = entry.createReader();
      // A reader gives a hundred at a time, and nothing at the end.
      for (;;) {
        const some = await new Promise<Entry[]>((done, failed) => reader.readEntries(done, failed));
        if (some.length === 0) break;
        all.push(...(await filesOfEntries(some)));
      }
    }
  }
  return all;
}
