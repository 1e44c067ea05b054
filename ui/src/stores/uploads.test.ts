import { beforeEach, expect, test, vi } from 'vitest';

const sent: { name: string; mission: string | null }[] = [];
const known = new Map<string, string>();
vi.mock('../lib/upload.ts', async (original) => ({ ...(await original<typeof import('../lib/upload.ts')>()), digestOf: (file: File) => Promise.resolve(file.name) }));
vi.mock('../api/client.ts', async (original) => ({ ...(await original<typeof import('../api/client.ts')>()), read: () => Promise.resolve({ mission_id: 'earlier' }) }));
vi.mock('../api/images.ts', async (original) => ({
  ...(await original<typeof import('../api/images.ts')>()),
  addMission: ({ name }: { name: string }) => Promise.resolve({ id: `of ${name}` }),
  knownImages: (digests: string[]) => Promise.resolve(new Map([...known].filter(([digest]) => digests.includes(digest)))),
  sendFile: (file: File, mission: string | null) => {
    sent.push({ name: file.name, mission });
    return Promise.resolve({ refused: [], duplicate: false });
  },
}));
const { uploads } = await import('./uploads.svelte.ts');

const file = (path: string) => {
  const made = new File(['x'], path.split('/').at(-1)!);
  Object.defineProperty(made, 'webkitRelativePath', { value: path.includes('/') ? path : '' });
  return made;
};
const done = () => vi.waitFor(() => expect(uploads.isActive).toBe(false));
beforeEach(() => {
  sent.length = 0;
  known.clear();
  uploads.cancel();
});

test('each folder is a flight of its own, a file by itself of none', async () => {
  expect(await uploads.add(['north/a.jpg', 'south/b.jpg', 'c.jpg', 'north/log.txt'].map(file))).toBe(3);
  await done();
  expect(sent.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'a.jpg', mission: 'of north' }, { name: 'b.jpg', mission: 'of south' }, { name: 'c.jpg', mission: null },
  ]);
});

test('what is here is not sent, and the rest of its folder goes to its flight', async () => {
  known.set('a.jpg', 'image 1');
  await uploads.add(['north/a.jpg', 'north/b.jpg'].map(file));
  await done();
  expect(sent).toEqual([{ name: 'b.jpg', mission: 'earlier' }]);
  expect(uploads.totals).toMatchObject({ files: 2, done: 2, known: 1 });
});
