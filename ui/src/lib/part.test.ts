import { expect, test } from 'vitest';
import { isByClock, parsePart, parsePosition, partAround, partBetween, partProblems, partText, partWords, rangeOf } from './part.ts';

const span = (seconds: number) => {
  const from = new Date(2026, 10, 20, 10, 0, 0);
  return { from, end: new Date(from.getTime() + seconds * 1000), open: false };
};
const now = new Date(2026, 10, 27);

test('positions are read as people write them', () => {
  expect(parsePosition('1:20')).toBe(80);
  expect(parsePosition(' 80 ')).toBe(80);
  expect(parsePosition('0:12.5')).toBe(12.5);
  expect(parsePosition('12,5')).toBe(12.5);
  expect(parsePosition('1:02:40')).toBe(3760);
  expect(parsePosition('90:00')).toBe(5400);
  for (const wrong of ['', '1:', ':20', '1:60', '1:60:00', 'x', '-1', '1:2:3:4', '1e3', '1 20']) expect(parsePosition(wrong), wrong).toBeNull();
});

test('the address holds a part, or all of it is shown', () => {
  expect(parsePart('12..40.5', span(60))).toEqual({ from: 12, to: 40.5 });
  expect(parsePart('12..400', span(60))).toEqual({ from: 12, to: 60 });
  for (const all of [null, '', '0..60', '0..99', '40..12', '12..12', '70..90', '1..x', '-1..5', '1..2..3', '1:00..2:00']) expect(parsePart(all, span(60)), String(all)).toBeNull();
  const part = { from: 1 / 3, to: 2 };
  expect(partText(part)).toBe('0.333..2');
  expect(parsePart(partText({ from: 12, to: 40.5 }), span(60))).toEqual({ from: 12, to: 40.5 });
});

test('what is brushed is cut to the recording', () => {
  const whole = span(60);
  const at = (s: number) => new Date(whole.from.getTime() + s * 1000);
  expect(partBetween(at(-30), at(45), whole)).toEqual({ from: 0, to: 45 });
  expect(partBetween(at(45), at(300), whole)).toEqual({ from: 45, to: 60 });
  expect(rangeOf({ from: 12, to: 40.5 }, whole).end.getTime()).toBe(at(40.5).getTime());
});

test('the parts around pictures make up the recording', () => {
  const whole = span(60);
  const times = [5, 15, 45].map((s) => new Date(whole.from.getTime() + s * 1000));
  expect(times.map((_, i) => partAround(times, i, whole))).toEqual([{ from: 0, to: 10 }, { from: 10, to: 30 }, { from: 30, to: 60 }]);
  expect(partAround([times[1]!], 0, whole)).toEqual({ from: 0, to: 60 });
});

test('short recordings are spoken of by how far into them, long ones by the clock', () => {
  expect(isByClock(span(3599))).toBe(false);
  expect(partWords({ from: 12, to: 40 }, span(60), now)).toBe('0:12 – 0:40');
  expect(partWords({ from: 12.5, to: 40 }, span(60), now)).toBe('0:12.5 – 0:40.0');
  expect(partWords({ from: 12, to: 60.4 }, span(60.4), now)).toBe('0:12 – 1:00');
  expect(partWords({ from: 0, to: 5400 }, span(9000), now)).toBe('20 Nov, 10:00 – 11:30');
});

test('what is wrong is said beside its field', () => {
  const of = (from: number | null, to: number | null) => partProblems(from, to, span(60));
  expect(of(0, 60)).toEqual({ from: null, to: null });
  expect(of(12, 60.9)).toEqual({ from: null, to: null });
  expect(of(null, 5).from).toContain('minutes and seconds');
  expect(of(5, null).to).toContain('minutes and seconds');
  expect(of(40, 12).to).toBe('The end comes before the beginning.');
  expect(of(70, 90).from).toBe('It is 1:00 long.');
  expect(of(10, 90).to).toBe('It is 1:00 long.');
  expect(partProblems(-5, 90, span(9000)).from).toBe('That is before it begins.');
});
