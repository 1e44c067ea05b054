// The live picture read by the page itself, so that what each picture carries is known when it is shown.

import { marksOf, type Marks } from './marks.ts';
import { PartReader } from './multipart.ts';

const kEnded = 'The server ended the picture';

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

function reason(json: Uint8Array): string {
  try {
    return String(JSON.parse(new TextDecoder().decode(json)).error.message);
  } catch {
    return kEnded;
  }
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
    if (done) throw failure ?? new Error(kEnded);
    for (const part of parts.push(value)) {
      // A stream that the server ends itself says why, last of all.
      if (part.type === 'application/json') throw new Error(reason(part.bytes));
      newest = part.bytes;
    }
    if (newest && !busy) void drain();
  }
}
