import { expect, test } from 'vitest';
import { parseRoute, roadsPath } from './router.svelte.ts';

test.each([
  ['/', { page: 'roads', camera: null }],
  ['/roads', { page: 'roads', camera: null }],
  ['/roads/mill-street', { page: 'roads', camera: 'mill-street' }],
  ['/roads/a.b_c/', { page: 'roads', camera: 'a.b_c' }],
  ['/roads/%E0%A4%A', { page: 'roads', camera: '%E0%A4%A' }],
  ['/operations', { page: 'operations' }],
  ['/operations/x', { page: 'unknown', path: '/operations/x' }],
  ['/roads/a/b', { page: 'unknown', path: '/roads/a/b' }],
  ['/sky', { page: 'unknown', path: '/sky' }],
])('%s', (path, route) => expect(parseRoute(path)).toEqual(route));

test('the period stays in the address', () => {
  expect(roadsPath('a', new URLSearchParams({ period: '7d' }))).toBe('/roads/a?period=7d');
  expect(roadsPath(null)).toBe('/roads');
});
