// Pictures of fields: their addresses, what is asked of them, and how files are sent.

import { ApiError, sentence, url, write } from './client.ts';
import type { ImageDetail, Mission, MissionInput, Uploaded } from './types.ts';

export function imagePath(id: string, rest = ''): string {
  return `/api/images/${encodeURIComponent(id)}${rest}`;
}

/** A page of the list, newest first. */
export function imagesPath(filter: { status: string | null; mission: string | null; q: string | null }, cursor = ''): string {
  const path = url('/api/images', { limit: 100, ...filter });
  return `${path}&cursor=${encodeURIComponent(cursor)}`;
}

/** Throws ApiError. */
export function retryImage(id: string): Promise<ImageDetail> {
  return write('POST', imagePath(id, '/retry'));
}

/** Throws ApiError. */
export function cancelImage(id: string): Promise<ImageDetail> {
  return write('POST', imagePath(id, '/cancel'));
}

/** Throws ApiError. */
export function addMission(mission: MissionInput): Promise<Mission> {
  return write('POST', '/api/missions', mission);
}

/** Those of the digests that are here already. Throws ApiError. */
export async function knownImages(sha256: string[]): Promise<Set<string>> {
  const { known } = await write<{ known: { sha256: string }[] }>('POST', '/api/images/check', { sha256 });
  return new Set(known.map((one) => one.sha256));
}

/**
 * Sends one file. `onsent` hears how many of its bytes have gone. A file that is refused is an ApiError with a status from 400
 * on; one with status 0 or from 500 on may be sent again.
 */
export function sendFile(file: File, mission: string | null, signal: AbortSignal, onsent: (bytes: number) => void): Promise<Uploaded> {
  // fetch does not tell how far an upload is.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    if (mission !== null) form.append('mission', mission);
    form.append('image', file, file.name);
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    const end = (action: () => void) => {
      signal.removeEventListener('abort', stop);
      action();
    };
    request.upload.onprogress = (event) => onsent(Math.min(file.size, event.loaded));
    request.onload = () => end(() => {
      if (request.status >= 200 && request.status < 300 && request.response) return resolve(request.response as Uploaded);
      // The original's clients get the sentence as `error`, ours as an object.
      const error = (request.response as { error?: string | { code: string; message: string } } | null)?.error;
      const message = typeof error === 'string' ? error : (error?.message ?? `Vedette answered ${request.status}`);
      reject(new ApiError(sentence(message), typeof error === 'object' ? error.code : 'http', request.status));
    });
    request.onerror = () => end(() => reject(new ApiError('Vedette does not answer.', 'unreachable', 0)));
    request.onabort = () => end(() => reject(new DOMException('Stopped.', 'AbortError')));
    request.open('POST', '/api/upload');
    request.responseType = 'json';
    request.send(form);
  });
}
