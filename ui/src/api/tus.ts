// Large files in parts (tus 1.0): what has arrived stays, also when the line breaks or the page is closed. Where the parts of a
// file go is remembered by its name, size and time; the file itself a browser forgets.

import { remember, remembered } from '../lib/storage.ts';
import { ApiError } from './client.ts';
import { send } from './send.ts';

/** From here on a file is sent in parts. */
export const kLarge = 16 * 1024 * 1024;
const kPart = 8 * 1024 * 1024;
const kVersion = { 'Tus-Resumable': '1.0.0' };

const keyOf = (file: File) => `vedette.tus.${file.name}|${file.size}|${file.lastModified}`;

/** `filename` and `mission` as tus has them: values in base64 of UTF-8. */
export function metadataOf(values: Record<string, string | null>): string {
  const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(values).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${base64(value!)}`).join(',');
}

async function begin(file: File, mission: string | null, signal: AbortSignal): Promise<string> {
  const request = await send('POST', '/api/uploads', { ...kVersion, 'Upload-Length': String(file.size), 'Upload-Metadata': metadataOf({ filename: file.name, mission }) }, null, signal);
  const place = new URL(request.getResponseHeader('Location') ?? '', location.href).pathname;
  remember(keyOf(file), place);
  return place;
}

/** How much of it is there; null where it is not known any more. */
async function offsetOf(place: string, signal: AbortSignal): Promise<number | null> {
  const response = await fetch(place, { method: 'HEAD', headers: kVersion, signal, cache: 'no-store' }).catch((error: unknown) => {
    throw signal.aborted ? error : new ApiError('Vedette does not answer.', 'unreachable', 0);
  });
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw new ApiError(`Vedette answered ${response.status}.`, 'http', response.status < 500 ? response.status : 0);
  return Number(response.headers.get('Upload-Offset') ?? 0);
}

/** As sendFile(), from where an earlier try of the same file stopped. */
export async function sendInParts(file: File, mission: string | null, signal: AbortSignal, onsent: (bytes: number) => void): Promise<void> {
  let place = remembered(keyOf(file));
  let offset = place === null ? null : await offsetOf(place, signal);
  if (place === null || offset === null) {
    place = await begin(file, mission, signal);
    offset = 0;
  }
  while (offset < file.size) {
    onsent(offset);
    const from: number = offset;
    const headers = { ...kVersion, 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' };
    try {
      const request = await send('PATCH', place, headers, file.slice(from, from + kPart), signal, (bytes) => onsent(from + bytes));
      offset = Number(request.getResponseHeader('Upload-Offset') ?? from + kPart);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) throw error;
      // Somebody else went on with it meanwhile, or another try of this page is not over: it is asked again where it stands.
      if (error.status === 409) throw new ApiError(error.message, error.code, 0);
      remember(keyOf(file), null);
      throw error;
    }
  }
  remember(keyOf(file), null);
}
