// A camera's latest picture, and that of a source that is no camera yet.

import { decode, type Shot } from '../lib/live.ts';
import type { Camera } from './types.ts';
import { ApiError, asApiError, cameraPath, isAbort, sentence, written } from './client.ts';

export interface Read<T> {
  value: T | null;
  /** Why there is none; null also when aborted. */
  error: string | null;
}

async function picture<T>(response: Promise<Response>, signal: AbortSignal, take: (blob: Blob) => T | Promise<T>): Promise<Read<T>> {
  try {
    const answer = await response;
    if (answer.ok) return { value: await take(await answer.blob()), error: null };
    const body = (await answer.json().catch(() => null)) as { error?: { message: string } } | null;
    return { value: null, error: sentence(body?.error?.message ?? `Vedette answered ${answer.status}`) };
  } catch (error) {
    if (signal.aborted) return { value: null, error: null };
    return { value: null, error: error instanceof ApiError ? error.message : 'Vedette does not answer.' };
  }
}

const still = (id: string, signal: AbortSignal) => fetch(cameraPath(id, '/snapshot.jpg'), { signal, cache: 'no-store' });

/** As something an <img> can show: an object URL, which the caller revokes. */
export function readPicture(id: string, signal: AbortSignal): Promise<Read<string>> {
  return picture(still(id, signal), signal, (blob) => URL.createObjectURL(blob));
}

/**
 * Of a recorded file, which may never have been played: the picture of its count, else its first one. An object URL, which the
 * caller revokes.
 */
export async function readStill(camera: Camera, signal: AbortSignal): Promise<Read<string>> {
  if (camera.count && (camera.count.counted_at !== null || camera.count.state === 'running')) {
    const found = await readPicture(camera.id, signal);
    if (found.value !== null || signal.aborted) return found;
  }
  return lookAt(camera.source, camera.id, signal);
}

/** With the marks it carries; the bitmap is the caller's to close. */
export function readShot(id: string, signal: AbortSignal): Promise<Read<Shot>> {
  return picture(still(id, signal), signal, async (blob) => decode(new Uint8Array(await blob.arrayBuffer())));
}

/**
 * One picture of a source that is no camera yet, as an object URL, which the caller revokes. `camera` is the one whose
 * password stands behind ***.
 */
export async function lookAt(source: string, camera: string | undefined, signal: AbortSignal): Promise<Read<string>> {
  try {
    const answer = await written('POST', '/api/sources/look', { source, ...(camera ? { camera } : {}) }, signal);
    return { value: URL.createObjectURL(await answer.blob()), error: null };
  } catch (error) {
    return { value: null, error: isAbort(error) || signal.aborted ? null : asApiError(error).message };
  }
}
