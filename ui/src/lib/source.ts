// Kinds of camera source: how the form asks for each, and how an address is told apart.

import type { Camera } from '../api/types.ts';

export type SourceKind = 'rtsp' | 'http' | 'device' | 'loop' | 'file';

export const kSources: { kind: SourceKind; name: string; label: string; hint: string; example: string }[] = [
  {
    kind: 'rtsp', name: 'RTSP camera', label: 'Address', example: 'rtsp://user:password@10.0.4.17:554/stream1',
    hint: 'A network camera’s stream. The newest picture counts; when the camera goes away, Vedette tries again by itself.',
  },
  {
    kind: 'http', name: 'HTTP stream', label: 'Address', example: 'http://10.0.4.20/video.mjpg',
    hint: 'Motion JPEG or another stream over http:// or https://.',
  },
  {
    kind: 'device', name: 'Device', label: 'Device', example: '/dev/video0',
    hint: 'A camera plugged into the machine that watches (V4L2).',
  },
  {
    kind: 'loop', name: 'Looped file', label: 'File', example: '/data/clips/mill-street.mp4',
    hint: 'Played endlessly in real time as a stand-in for a live camera. Each lap is a new period.',
  },
  {
    kind: 'file', name: 'Recorded file(s)', label: 'File or folder', example: '/data/clips/mill-street.mp4',
    hint: 'A recording, or a folder of them that are taken in order as one. Lines are drawn first; then every picture is looked at once, as fast as the machine can. Times are those of the recording.',
  },
];

export function sourceKind(camera: Pick<Camera, 'source' | 'loop'>): SourceKind {
  if (/^rtsps?:\/\//i.test(camera.source)) return 'rtsp';
  if (/^https?:\/\//i.test(camera.source)) return 'http';
  if (/^\/dev\/video\d+$/.test(camera.source)) return 'device';
  return camera.loop ? 'loop' : 'file';
}

/** What is wrong with the source, or null. The server looks closer. */
export function sourceProblem(kind: SourceKind, source: string): string | null {
  const text = source.trim();
  const wanted = kSources.find((s) => s.kind === kind)!;
  if (text === '') return `Say where the picture comes from, for example ${wanted.example}.`;
  const found = sourceKind({ source: text, loop: kind === 'loop' });
  if (found === kind) return isFile(kind) && !/^(\/|~\/|files?:)/.test(text) ? 'Give the whole path, beginning with /: it is looked for on the machine where Vedette runs.' : null;
  if (kind === 'rtsp') return 'An RTSP address begins with rtsp:// or rtsps://.';
  if (kind === 'http') return 'An HTTP address begins with http:// or https://.';
  if (kind === 'device') return 'A device is named /dev/video0, /dev/video1 and so on.';
  return 'This is an address, not a file: choose its kind above.';
}

/** Whether it can be looked at without asking another machine. */
export function isFile(kind: SourceKind): boolean {
  return kind === 'file' || kind === 'loop';
}

/** What a button is called that leads to where the source is put right. */
export function fixName(kind: SourceKind): string {
  return isFile(kind) ? 'Fix path' : kind === 'device' ? 'Choose device' : 'Fix address';
}
