import { expect, test } from 'vitest';
import { marksOf } from './marks.ts';

const text = (s: string) => [...new TextEncoder().encode(s)];
const segment = (kind: number, body: number[]) => [0xff, kind, (body.length + 2) >> 8, (body.length + 2) & 255, ...body];
const app0 = segment(0xe0, text('JFIF\0rest'));
const scan = [...segment(0xda, [1, 2, 3]), 0x55, 0xff, 0xd9];
const jpeg = (...segments: number[][]) => Uint8Array.from([0xff, 0xd8, ...segments.flat()]);
const car = { x: 10.5, y: 20, w: 30, h: 15, id: 42, type: 'car', parked: false };
const said = { v: 1, t: '2026-11-27T07:00:00Z', w: 640, h: 352, boxes: [car] };
const com = (value: unknown) => segment(0xfe, text(JSON.stringify(value)));

test('the marks stand in a comment before the picture', () => {
  expect(marksOf(jpeg(app0, com(said), scan))).toEqual({ t: said.t, w: 640, h: 352, boxes: [car] });
  expect(marksOf(jpeg(com(said), app0, scan))?.boxes).toHaveLength(1);
});

test('another comment before ours is passed over', () => {
  expect(marksOf(jpeg(segment(0xfe, text('Lavc59.37.100')), com(said), scan))?.w).toBe(640);
});

test.each([
  ['none', jpeg(app0, scan)],
  ['after the picture begins', jpeg(app0, scan, com(said))],
  ['no JPEG', Uint8Array.from(text('not a picture'))],
  ['nothing', new Uint8Array(0)],
  ['cut in the comment', jpeg(com(said)).subarray(0, 30)],
  ['a segment of no length', Uint8Array.from([0xff, 0xd8, 0xff, 0xfe, 0, 0, 0, 0])],
  ['another version', jpeg(com({ ...said, v: 2 }), scan)],
  ['no size', jpeg(com({ ...said, w: 0 }), scan)],
  ['no list', jpeg(com({ ...said, boxes: 'car' }), scan)],
  ['no JSON', jpeg(segment(0xfe, text('{"v":1,')), scan)],
])('%s: no marks', (_, bytes) => expect(marksOf(bytes)).toBeNull());

test('a box that is none is left out, the others stay', () => {
  const boxes = [null, 7, { ...car, x: 'left' }, { ...car, type: 5 }, { ...car, parked: 'yes' }];
  expect(marksOf(jpeg(com({ ...said, boxes }), scan))?.boxes).toEqual([car]);
});
