import { expect, test } from 'vitest';
import { roadsPath } from '../lib/paths.ts';
import { pages } from '../pages/pages.ts';
import { parseRoute } from './router.svelte.ts';

test.each([
  ['/', 'roads', { id: null }],
  ['/roads', 'roads', { id: null }],
  ['/roads/mill-street', 'roads', { id: 'mill-street' }],
  ['/roads/a.b_c/', 'roads', { id: 'a.b_c' }],
  ['/roads/%E0%A4%A', 'roads', { id: '%E0%A4%A' }],
  ['/operations', 'operations', {}],
  ['/operations/x', 'unknown', {}],
  ['/roads/a/b', 'unknown', {}],
  ['/nowhere', 'unknown', {}],
])('%s', (path, page, params) => expect(parseRoute(path)).toEqual({ page, path, params }));

test('a page is found by the first part of its address, and pages share neither address nor key', () => {
  for (const page of pages) expect(parseRoute(page.path).page).toBe(page.page);
  for (const what of ['page', 'path', 'key'] as const) expect(new Set(pages.map((p) => p[what])).size).toBe(pages.length);
});

test('the period stays in the address', () => {
  expect(roadsPath('a', new URLSearchParams({ period: '7d' }))).toBe('/roads/a?period=7d');
  expect(roadsPath(null)).toBe('/roads');
});
