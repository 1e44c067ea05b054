// Pictures of a field, the way of a newcomer: drop them, see them done or why not, read one, take its map away, try a failed one
// again, remove it. Then an upload that a reload interrupts. On a server of its own, so that the page begins empty.
import assert from 'node:assert/strict';
import { statSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, assertFocused, eventually } from './page.mjs';
import { startServer } from './server.mjs';

let own;
const at = (path) => `${own.url}${path}`;
const ask = (path, options) => api(at(path), options);

before(async () => {
  own = await startServer();
});
after(() => own.stop());

const kCrc = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = kCrc[(crc ^ byte) & 255] ^ (crc >>> 8);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
};
/** A picture of soil with a green leaf; `n` makes its bytes its own. */
function picture(n, width = 160, height = 120) {
  const rows = Buffer.alloc((1 + width * 3) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isLeaf = (x - 80 - n) ** 2 + (y - 60) ** 2 < 1600;
      rows.set(isLeaf ? [60, 120 + (x % 40), 40] : [130 + (y % 30), 100, 70], y * (1 + width * 3) + 1 + x * 3);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
/** A folder of the spec's with these files. */
function folder(name, files) {
  const path = join(own.folder, name);
  mkdirSync(path);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes);
  return path;
}
const chooseFolder = (page, path) => page.locator('input[webkitdirectory]').first().setInputFiles(path);
const tile = (page, name) => page.locator('article.tile', { hasText: name });
const pixels = (page) => page.locator('.stage canvas').first().evaluate((canvas) => [...canvas.getContext('2d').getImageData(20, 20, 1, 1).data].join());

test('a folder of pictures is taken in, looked at, taken away, tried again, removed', { timeout: 120_000 }, async () => {
  const page = await open(at('/fields'), { allowErrors: true });
  await page.getByText('Drop a folder of drone pictures here').waitFor();
  await assertAccessible(page);

  const flight = folder('North field', { 'IMG_1.png': picture(1), 'IMG_2.png': picture(2), 'cut.png': picture(3).subarray(0, 400), 'notes.jpg': 'no picture', 'log.txt': 'log' });
  await chooseFolder(page, flight);
  const sending = page.locator('.panel', { has: page.getByRole('heading', { name: 'North field' }) }).first();
  await sending.getByRole('progressbar', { name: 'Files sent' }).waitFor();
  await sending.getByText('3 of 4 files').waitFor();
  await sending.getByText(/notes.jpg.*not an image/).waitFor();

  // One more by a drop, from a source without folders.
  await page.evaluate((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], 'dropped.png', { type: 'image/png' }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [...picture(4)]);

  await tile(page, 'cut.png').getByText(/cannot be read|damaged|copied/).waitFor({ timeout: 30_000 });
  await tile(page, 'IMG_1.png').getByText(/^−?0\.\d\d$/).waitFor({ timeout: 30_000 });
  await tile(page, 'dropped.png').getByText(/^−?0\.\d\d$/).waitFor({ timeout: 30_000 });
  await page.locator('section.mission', { hasText: 'North field' }).getByText('1 failed').waitFor();
  await assertAccessible(page);

  await tile(page, 'IMG_1.png').getByRole('link').click();
  await page.getByRole('heading', { name: 'IMG_1.png' }).waitFor();
  await page.locator('.stage canvas').waitFor();
  const { images } = await ask('/api/images?cursor=&q=IMG_1');
  const { result } = await ask(`/api/images/${images[0].id}`);
  const mean = await page.locator('.figure.lead .value').textContent();
  assert.equal(mean.replace('−', '-'), result.indices.vari.mean.toFixed(2));
  await page.getByText('No NDVI').first().waitFor();
  await assertAccessible(page);

  // The boundary, by keyboard; the value under the pointer; the range that colours the map.
  const boundary = page.getByLabel('Boundary between Original and VARI');
  await boundary.focus();
  await page.keyboard.press('Home');
  assert.equal(await boundary.inputValue(), '0');
  const read = page.locator('.read');
  const box = await page.locator('.stage').boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  const leaf = await read.locator('b').textContent();
  await page.mouse.move(box.x + box.width * 0.95, box.y + box.height * 0.95);
  assert.notEqual(await read.locator('b').textContent(), leaf);
  assert.match(leaf, /^VARI 0\.\d\d$/);
  const [words, colour] = [await page.locator('.legend [role="status"]').textContent(), await pixels(page)];
  await page.getByLabel('Lowest colour at').focus();
  for (let i = 0; i < 10; i += 1) await page.keyboard.press('ArrowRight');
  assert.notEqual(await page.locator('.legend [role="status"]').textContent(), words);
  await eventually('the map has other colours', async () => (await pixels(page)) !== colour);

  const wait = page.waitForEvent('download');
  await page.locator('#files').getByRole('link', { name: /Map/ }).click();
  const download = await wait;
  assert.equal(download.suggestedFilename(), 'IMG_1_vari.png');
  assert.ok(statSync(await download.path()).size > 100);

  // Another picture of the flight under it.
  await page.getByRole('button', { name: 'Compare with…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /IMG_2/ }).click();
  await page.getByText('Change of mean VARI').waitFor();
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByText(/of it lost more than 0.1/).waitFor();
  await page.goBack();
  await page.setViewportSize({ width: 360, height: 780 });
  assert.ok(await fits(page), 'nothing sticks out at 360 px');
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.goto(at('/fields?status=failed'));
  const [failed] = (await ask('/api/images?cursor=&status=failed')).images;
  await tile(page, 'cut.png').getByRole('button', { name: /Retry/ }).click();
  await eventually('it was tried again', async () => {
    const again = await ask(`/api/images/${failed.id}`);
    return again.processing_status === 'failed' && again.updated_at !== failed.updated_at;
  });
  await tile(page, 'cut.png').getByRole('link').click();
  await page.getByText('It could not be analysed').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  const question = page.getByRole('dialog', { name: 'Remove cut.png?' });
  await assertFocused(question.getByRole('button', { name: 'Keep it' }));
  await question.getByRole('button', { name: 'Remove picture' }).click();
  await page.getByText('No picture is like this').waitFor();
  assert.equal((await fetch(at(`/api/images/${failed.id}`))).status, 404);
});

test('the map needs nobody else, and a picture on it opens', { timeout: 60_000 }, async () => {
  const form = new FormData();
  form.append('gps', JSON.stringify({ latitude: -8.3, longitude: 115.48 }));
  form.append('image', new Blob([picture(9)]), 'placed.png');
  assert.equal((await fetch(at('/api/upload'), { method: 'POST', body: form })).ok, true);
  const page = await open(at('/fields?view=map'));
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).origin));
  await page.getByText('1 picture with a position').waitFor();
  // The view goes to the only picture: it lies in the middle.
  const canvas = page.locator('.map canvas');
  await canvas.waitFor();
  await eventually('the point can be clicked', async () => {
    const box = await canvas.boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    return page.getByLabel('Chosen picture').getByText('placed.png').isVisible();
  }, 30_000);
  await assertAccessible(page);
  assert.deepEqual([...new Set(asked)].filter((origin) => origin !== own.url && origin !== 'null'), []);
  await page.getByRole('link', { name: 'Open the picture' }).click();
  await page.getByText('Open on the map').waitFor({ timeout: 30_000 });
});

test('an upload that a reload interrupts goes on, and nothing is sent twice', { timeout: 120_000 }, async () => {
  const page = await open(at('/fields'), { allowErrors: true });
  // What is behind its end a picture does not mind; so large it goes in parts of 8 MiB.
  const large = Buffer.concat([picture(20), Buffer.alloc(17 * 1024 * 1024)]);
  const flight = folder('South field', { 'a.png': picture(21), 'large.png': large });
  let stop = true;
  const offsets = [];
  await page.route('**/api/uploads/*', async (route) => {
    const request = route.request();
    if (request.method() !== 'PATCH') return route.continue();
    const offset = Number(request.headers()['upload-offset']);
    // The line breaks after the first part.
    if (stop && offset > 0) return route.abort();
    offsets.push(offset);
    await route.continue();
  });
  await chooseFolder(page, flight);
  await page.getByText('1 of 2 files').waitFor();
  await eventually('the first part has gone', () => offsets.length === 1);
  await page.getByText('It goes on by itself').waitFor();

  await page.reload();
  stop = false;
  await page.getByText('Stopped when the page was closed').waitFor();
  await page.getByText('1 of 2 files').waitFor();
  await assertAccessible(page);
  await page.locator('.panel input[webkitdirectory]').setInputFiles(flight);
  await page.getByText('all here').waitFor({ timeout: 30_000 });
  await page.getByText('1 file was here already').waitFor();
  assert.deepEqual(offsets, [0, 8 * 1024 * 1024, 16 * 1024 * 1024]);
  const { images } = await ask('/api/images?cursor=&q=large');
  assert.equal(images.length, 1);
  const { missions } = await ask('/api/missions');
  assert.equal(missions.filter(({ name }) => name === 'South field').length, 1);
  assert.equal(images[0].mission_id, missions.find(({ name }) => name === 'South field').id);
  const original = Buffer.from(await (await fetch(at(`/api/images/${images[0].id}/original`))).arrayBuffer());
  assert.ok(original.equals(readFileSync(join(flight, 'large.png'))));
});
