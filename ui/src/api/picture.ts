// A camera's latest picture as something an <img> can show.

import { ApiError, cameraPath, sentence } from './client.ts';

/** Either an object URL, which the caller revokes, or why there is none. Empty when aborted. */
export async function readPicture(
  id: string,
  signal: AbortSignal,
  annotated = true,
): Promise<{ url: string | null; error: string | null }> {
  try {
    const path = cameraPath(id, `/snapshot.jpg${annotated ? '?annotated=true' : ''}`);
    const response = await fetch(path, { signal, cache: 'no-store' });
    if (response.ok) return { url: URL.createObjectURL(await response.blob()), error: null };
    const body = (await response.json().catch(() => null)) as { error?: { message: string } } | null;
    return { url: null, error: sentence(body?.error?.message ?? `Vedette answered ${response.status}`) };
  } catch (error) {
    if (signal.aborted) return { url: null, error: null };
    return { url: null, error: error instanceof ApiError ? error.message : 'Vedette does not answer.' };
  }
}
