import { expect, test } from 'vitest';
import { digestOf, doneWords, filesOfEntries, folderOf, foldersWords, paceWords, picturesOf, totalsOf, type SendState, type Sending } from './upload.ts';

const file = (path: string, size = 4) => {
  const made = new File(['x'.repeat(size)], path.split('/').at(-1)!);
  Object.defineProperty(made, 'webkitRelativePath', { value: path });
  return made;
};
const sending = (state: SendState, size: number, sent = 0): Sending => ({ file: file('a.jpg', size), folder: '', state, sent, problem: '' });

test('pictures are sent in the order of their numbers, the rest of a card stays', () => {
  const card = ['f/IMG_10.JPG', 'f/IMG_2.jpg', 'f/log.txt', 'f/.IMG_1.jpg', 'f/b.TIFF', 'f/empty.jpg'].map((path) => file(path, path.includes('empty') ? 0 : 4));
  expect(picturesOf(card).map((f) => f.name)).toEqual(['b.TIFF', 'IMG_2.jpg', 'IMG_10.JPG']);
  expect(folderOf(card[0]!)).toBe('f');
  expect(folderOf(file('alone.jpg'))).toBe('');
  expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(foldersWords)).toEqual(['a', 'a and b', '3 folders']);
});

test('how far they are', () => {
  const totals = totalsOf([sending('sent', 100), sending('sending', 100, 40), sending('waiting', 100), sending('known', 999), sending('refused', 999)]);
  expect(totals).toEqual({ files: 5, done: 2, known: 1, refused: 1, bytes: 300, sent: 140 });
  expect(doneWords(totals)).toEqual({ files: '2 of 5 files', bytes: '140 B of 300 B' });
  expect(doneWords(totalsOf([sending('known', 9)])).bytes).toBe('');
  expect(paceWords(totals, 0)).toBe('');
  expect(paceWords(totals, 16)).toBe('16 B/s, 10 s left');
});

test('a digest as the server has it', async () => {
  expect(await digestOf(new File(['abc'], 'a'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('folders are walked whole, a hundred at a time', async () => {
  const leaf = (path: string) => ({ isFile: true, isDirectory: false, name: path, fullPath: path, file: (done: (f: File) => void) => done(new File(['x'], path.split('/').at(-1)!)) });
  const dir = (path: string, pages: ReturnType<typeof leaf>[][]) => {
    const rest = [...pages, []];
    return { isFile: false, isDirectory: true, name: path, fullPath: path, createReader: () => ({ readEntries: (done: (e: never[]) => void) => done(rest.shift() as never[]) }) };
  };
  const all = await filesOfEntries([dir('/card', [[leaf('/card/1.jpg')], [leaf('/card/2.jpg')]]), leaf('/3.jpg')] as never[]);
  expect(all.map((f) => f.webkitRelativePath)).toEqual(['card/1.jpg', 'card/2.jpg', '3.jpg']);
});
