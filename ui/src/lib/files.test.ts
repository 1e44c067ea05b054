import { expect, test } from 'vitest';
import { folderOf, holdsWords, moved, nameOf, typedTo } from './files.ts';

test('choosing begins where the typed path lies', () => {
  expect(folderOf('/data/clips/a.mp4')).toBe('/data/clips');
  expect(folderOf('/data/clips/')).toBe('/data/clips');
  expect(folderOf(' file:///data/a.mp4')).toBe('/data');
  expect(folderOf('/a.mp4')).toBe('/');
  expect(folderOf('files:/a;/b')).toBe('');
  expect(folderOf('rtsp://10.0.4.17/x')).toBe('');
  expect(folderOf('')).toBe('');
});

test('a recording lends its name', () => {
  expect(nameOf('/data/street_oneway.final.mp4')).toBe('street oneway.final');
  expect(nameOf('/data/DCIM')).toBe('DCIM');
  expect(nameOf('/data/2026.11.20 morning')).toBe('2026.11.20 morning');
  expect(nameOf('/')).toBe('');
  expect(nameOf(`/${'x'.repeat(300)}.mp4`)).toHaveLength(100);
});

test('what a folder holds, in words', () => {
  const file = { kind: 'file' } as const;
  const folder = { kind: 'folder' } as const;
  expect(holdsWords([folder, file, file], 0)).toBe('2 recordings, 1 folder');
  expect(holdsWords([file], 1)).toBe('1 recording; 1 other file is not shown');
  expect(holdsWords([], 1200)).toBe('1,200 other files are not shown');
  expect(holdsWords([], 0)).toBe('');
});

test('keys walk the list and stop at its ends', () => {
  expect(moved('ArrowDown', -1, 3)).toBe(0);
  expect(moved('ArrowUp', -1, 3)).toBe(2);
  expect(moved('ArrowDown', 2, 3)).toBe(2);
  expect(moved('PageUp', 4, 30)).toBe(0);
  expect(moved('PageDown', 4, 30)).toBe(14);
  expect(moved('End', 0, 30)).toBe(29);
  expect(moved('Enter', 0, 30)).toBeNull();
  expect(moved('ArrowDown', -1, 0)).toBeNull();
});

test('letters lead to names', () => {
  const names = ['Day 1', 'Day 2', 'clip2.mp4', 'clip10.mp4', 'drone.mp4'];
  expect(typedTo('d', names, -1)).toBe(0);
  expect(typedTo('d', names, 0)).toBe(1);
  expect(typedTo('dd', names, 1)).toBe(4);
  expect(typedTo('d', names, 4)).toBe(0);
  expect(typedTo('cl', names, 2)).toBe(2);
  expect(typedTo('clip1', names, 2)).toBe(3);
  expect(typedTo('x', names, 2)).toBeNull();
  expect(typedTo('x', [], -1)).toBeNull();
});
