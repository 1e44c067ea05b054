// The live picture read by the page itself, so that what each picture carries is known when it is shown.

import { marksOf, type Marks } from './marks.ts';
import { PartReader } from './multipart.ts';

export interface Shot {
  bitmap: ImageBitmap;
  marks: Marks | null;
}

/** Whether this browser can read and decode a stream itself. */
export function canReadStreams(): boolean {
  return typeof createImageBitmap === 'function' && typeof Response === 'function' && 'body' in Response.prototype;
}

export async function decode(jpeg: Uint8Array): Promise<Shot> {
  return { bitmap: await createImageBitmap(new Blob([jpeg as BlobPart], { type: 'image/jpeg' })), marks: marksOf(jpeg) };
}

/**
 * Plays until the signal or the server ends it; throws when it cannot, and when the server ends it. Of pictures that come
 * faster than they can be decoded, the newest is shown. `show` takes the bitmap over.
 */
export async function play(url: string, signal: AbortSignal, show: (shot: Shot) => void): Promise<void> {
  const response = await fetch(url, { signal, cache: 'no-store' });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`The server answered ${response.status}`);
  }
  const parts = new PartReader();
  const reader = response.body.getReader();
  let newest: Uint8Array | undefined;
  let busy = false;
  let failure: unknown = null;

  const drain = async () => {
    busy = true;
    try {
      for (let jpeg = newest; jpeg && !signal.aborted; jpeg = newest) {
        newest = undefined;
        const shot = await decode(jpeg);
        if (signal.aborted) shot.bitmap.close();
        else show(shot);
      }
    } catch (error) {
      failure = error;
      await reader.cancel();
    } finally {
      busy = false;
    }
  };

  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw failure ?? new Error('The server ended the picture');
    newest = parts.push(value).at(-1) ?? newest;
    if (newest && !busy) void drain();
  }
}
