// Pictures of fields: their addresses, what is asked of them, and how files are sent.

import { ApiError, isAbort, read, url, write } from './client.ts';
import type { PixelValue } from '../lib/tiles.ts';
import { send } from './send.ts';
import { readLevels, type Levels } from '../lib/raster.ts';
import type { ImageDetail, Mission, MissionInput, Uploaded } from './types.ts';

export function imagePath(id: string, rest = ''): string {
  return `/api/images/${encodeURIComponent(id)}${rest}`;
}

/** A page of the list, newest first. */
export function imagesPath(filter: { status: string | null; mission: string | null; q: string | null }, cursor = ''): string {
  const path = url('/api/images', { limit: 100, ...filter });
  return `${path}&cursor=${encodeURIComponent(cursor)}`;
}

/** The map of an index as numbers. Throws ApiError. */
export async function readPicture(path: string, signal?: AbortSignal): Promise<Levels> {
  const response = await fetch(path, { signal: signal ?? null }).catch((error: unknown) => {
    throw isAbort(error) ? error : new ApiError('Vedette does not answer.', 'unreachable', 0);
  });
  if (!response.ok) throw new ApiError('The map of this index cannot be read.', 'http', response.status);
  return readLevels(new Uint8Array(await response.arrayBuffer()));
}

export function valuePath(id: string, x: number, y: number): string {
  return url(imagePath(id, '/value'), { x, y });
}

/** Longitude and latitude of three corners: upper left, upper right, lower left; none where it has no place. Throws ApiError. */
export async function readCorners(id: string, width: number, height: number, signal?: AbortSignal): Promise<[number, number][]> {
  const corners = await Promise.all([[0, 0], [width - 1, 0], [0, height - 1]].map(([x, y]) => read<PixelValue>(valuePath(id, x!, y!), signal)));
  return corners.flatMap(({ longitude, latitude }): [number, number][] => (longitude === null || latitude === null ? [] : [[longitude, latitude]]));
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

/** Those of the digests that are here already, each with its image. Throws ApiError. */
export async function knownImages(sha256: string[]): Promise<Map<string, string>> {
  const { known } = await write<{ known: { sha256: string; id: string }[] }>('POST', '/api/images/check', { sha256 });
  return new Map(known.map((one) => [one.sha256, one.id]));
}

/**
 * Sends one file whole. `onsent` hears how many of its bytes have gone. A file that is refused is an ApiError with a status from
 * 400 on; one with status 0 or from 500 on may be sent again.
 */
export async function sendFile(file: File, mission: string | null, signal: AbortSignal, onsent: (bytes: number) => void): Promise<Uploaded> {
  const form = new FormData();
  if (mission !== null) form.append('mission', mission);
  form.append('image', file, file.name);
  const request = await send('POST', '/api/upload', {}, form, signal, (bytes) => onsent(Math.min(file.size, bytes)));
  return request.response as Uploaded;
}
