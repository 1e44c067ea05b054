import { expect, test } from 'vitest';
import { PartReader, type Part } from './multipart.ts';

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (part: Part) => String.fromCharCode(...part.bytes);
const part = (body: string) => `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`;
const whole = part('first\r\n\r\nwith a head in it') + part('2') + part('third');

test.each([1, 2, 3, 7, 40, 1000])('cut into pieces of %d, the parts are the same', (size) => {
  const reader = new PartReader();
  const parts: string[] = [];
  for (let i = 0; i < whole.length; i += size) parts.push(...reader.push(bytes(whole.slice(i, i + size))).map(text));
  expect(parts).toEqual(['first\r\n\r\nwith a head in it', '2', 'third']);
});

test('a part is there with its last byte', () => {
  const reader = new PartReader();
  expect(reader.push(bytes(part('abc').slice(0, -3)))).toEqual([]);
  expect(reader.push(bytes('c')).map(text)).toEqual(['abc']);
});

test('a part says what it is; what follows the last one is none', () => {
  const reader = new PartReader();
  const error = '--vedette-frame\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}\r\n--vedette-frame--\r\n';
  expect(reader.push(bytes(part('abc') + error)).map((p) => p.type)).toEqual(['image/jpeg', 'application/json']);
});

test.each([
  ['no length', '--frame\r\nContent-Type: image/jpeg\r\n\r\nabc'],
  ['a length of nothing', '--frame\r\nContent-Length: 0\r\n\r\n'],
  ['a length beyond all pictures', '--frame\r\nContent-Length: 99999999999\r\n\r\n'],
  ['no head', 'x'.repeat(5000)],
])('%s is refused', (_, stream) => expect(() => new PartReader().push(bytes(stream))).toThrow());
