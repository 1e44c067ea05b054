import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, assertFocused, eventually, runningCamera, withheld, withoutFrames } from './page.mjs';

let camera;
before(async () => {
  camera = await runningCamera();
});

test('a camera is added, changed and removed; what is wrong stands beside its field', async () => {
  // The new camera has no picture: Chromium logs the 503 or 404 of its still.
  const page = await open(`/roads/${camera.id}`, { allowErrors: true });
  page.on('pageerror', (error) => assert.fail(error));
  await page.getByRole('button', { name: 'Add camera' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add camera' });
  await withoutFrames(page);
  await dialog.getByLabel('Address').fill('10.0.4.17');
  await dialog.getByRole('button', { name: 'Add camera' }).click();
  await dialog.getByText('Give the camera a name').waitFor();
  await dialog.getByText('An RTSP address begins with').waitFor();
  await assertFocused(dialog.getByLabel('Name'));
  await assertAccessible(page);
  assert.equal(await dialog.getByLabel('Address').inputValue(), '10.0.4.17');

  // What the answers to the writes say is shown before the list is read again.
  const release = await withheld(page, '/api/cameras');
  await dialog.getByLabel('Name').fill('Browser test');
  await dialog.getByText('RTSP camera').click();
  await dialog.getByLabel('Address').fill('rtsp://127.0.0.1:1/nobody');
  await dialog.getByRole('button', { name: 'Add camera' }).click();
  await page.waitForURL(/\/roads\/browser-test/);
  await dialog.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Edit camera' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit Browser test' });
  await edit.getByLabel('Watch this camera').uncheck();
  await edit.getByRole('button', { name: 'Save camera' }).click();
  await edit.waitFor({ state: 'detached' });
  assert.equal((await api('/api/cameras/browser-test')).enabled, false);
  // Who says nothing about types counts no persons, here as over the API.
  assert.ok(!(await api('/api/cameras/browser-test')).types.includes('person'));

  await page.getByRole('button', { name: 'Edit camera' }).click();
  assert.equal(await edit.getByLabel('Watch this camera').isChecked(), false);
  release();
  await edit.getByRole('button', { name: 'Remove camera' }).click();
  const remove = page.getByRole('dialog', { name: 'Remove Browser test?' });
  await remove.getByText('stays in the history').waitFor();
  await remove.getByRole('button', { name: 'Remove camera' }).click();
  await page.waitForURL((url) => !url.pathname.includes('browser-test'));
  const { cameras } = await api('/api/cameras');
  assert.ok(cameras.every((c) => c.id !== 'browser-test'));
});

test('a source is looked at before it is a camera: a still, or why there is none', async () => {
  // What is wrong with an address is an answer of the API, which Chromium logs.
  const page = await open(`/roads/${camera.id}`, { allowErrors: true });
  page.on('pageerror', (error) => assert.fail(error));
  const before = (await api('/api/cameras')).cameras.length;
  await page.getByRole('button', { name: 'Add camera' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add camera' });
  await dialog.getByLabel('Address').fill('rtsp://127.0.0.1:1/nobody');
  await dialog.getByRole('button', { name: 'Look' }).click();
  await dialog.getByText('refuses the connection').waitFor();
  assert.equal(await dialog.getByLabel('Address').getAttribute('aria-invalid'), 'true');

  // A path is checked when it is typed, without a button.
  await dialog.getByText('Looped file').click();
  await dialog.getByLabel('File', { exact: true }).fill('/nowhere/clip.mp4');
  await dialog.getByLabel('Name').focus();
  await dialog.getByText('There is no file /nowhere/clip.mp4').waitFor();
  await dialog.getByLabel('File', { exact: true }).fill(camera.source);
  await dialog.getByLabel('Name').focus();
  const still = dialog.getByRole('img', { name: 'What the source shows now' });
  await still.waitFor();
  await eventually('the still is decoded', () => still.evaluate((img) => img.naturalWidth > 0));
  await assertAccessible(page);
  assert.equal((await api('/api/cameras')).cameras.length, before, 'nothing was added');
});

test('a line is drawn by mouse, moved by keys, named, saved and deleted', async () => {
  const before = (await api(`/api/cameras/${camera.id}/lines`)).lines;
  const page = await open(`/roads/${camera.id}`);
  await page.getByRole('button', { name: /Edit lines|Draw a line/ }).click();
  const dialog = page.getByRole('dialog', { name: /^Lines of/ });
  const stage = dialog.locator('.stage');
  await stage.locator('img').waitFor();
  // Once its size is known the stage has its shape, and takes lines.
  await stage.locator('svg').waitFor();
  const picture = await stage.locator('img').evaluate((img) => ({ width: img.naturalWidth, height: img.naturalHeight }));
  const box = await stage.boundingBox();
  const at = (x, y) => [box.x + (x / picture.width) * box.width, box.y + (y / picture.height) * box.height];

  await withoutFrames(page);
  await page.mouse.move(...at(40, 60));
  await page.mouse.down();
  await page.mouse.move(...at(picture.width / 2, 80), { steps: 4 });
  await page.mouse.move(...at(picture.width - 60, 60), { steps: 4 });
  await page.mouse.up();
  await assertFocused(dialog.getByLabel('Name'));
  await dialog.getByLabel('Along the arrow, down').fill('in');
  await dialog.getByLabel(/^Against the arrow/).fill('out');
  await dialog.getByRole('button', { name: 'Save lines' }).click();
  await dialog.getByText('Give the line a name').waitFor();
  await dialog.getByLabel('Name').fill('Drawn here');
  const first = dialog.getByRole('button', { name: /^Drawn here, first point/ });
  await first.focus();
  await first.press('ArrowRight');
  await first.press('Shift+ArrowDown');
  await assertAccessible(page);
  const release = await withheld(page, '/api/cameras');
  await dialog.getByRole('button', { name: 'Save lines' }).click();
  await dialog.waitFor({ state: 'detached' });

  const after = (await api(`/api/cameras/${camera.id}/lines`)).lines;
  assert.equal(after.length, before.length + 1);
  for (const line of before) assert.ok(after.some((l) => l.id === line.id), 'a line that was there keeps its id');
  const drawn = after.find((l) => l.name === 'Drawn here');
  const near = (value, wanted) => assert.ok(Math.abs(value - wanted) <= 2, `${value} is not ${wanted}`);
  near(drawn.x1, 41);
  near(drawn.y1, 70);
  near(drawn.x2, picture.width - 60);
  near(drawn.y2, 60);
  assert.deepEqual([drawn.a_to_b, drawn.b_to_a], ['in', 'out']);

  await page.getByRole('button', { name: 'Edit lines' }).click();
  await dialog.getByRole('button', { name: /^\d+ Drawn here/ }).click();
  release();
  await dialog.getByRole('button', { name: 'Delete line' }).click();
  await dialog.getByRole('button', { name: 'Save lines' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await api(`/api/cameras/${camera.id}/lines`)).lines.length, before.length);
});

test('lines are tried before they are saved; what was moved since is said', async () => {
  const { lines } = await api(`/api/cameras/${camera.id}/lines`);
  const trial = () => api(`/api/cameras/${camera.id}/lines/try`, { method: 'POST', body: { lines: lines.map(({ id, name, x1, y1, x2, y2 }) => ({ id, name, x1, y1, x2, y2 })) } });
  await eventually('the first line is crossed', async () => (await trial()).lines[0].crossings?.a_to_b > 0, 120_000);
  const page = await open(`/roads/${camera.id}`);
  await page.getByRole('button', { name: 'Edit lines' }).click();
  const dialog = page.getByRole('dialog', { name: /^Lines of/ });
  const row = dialog.getByRole('listitem').first();
  await dialog.getByRole('button', { name: 'Add a line' }).click();
  await dialog.getByRole('button', { name: 'Try on the last 10 minutes' }).click();
  await dialog.getByRole('status').getByText(/of 10 min watched up to .*seen/).waitFor();
  const shown = parseInt(await row.getByText(lines[0].a_to_b).locator('xpath=following-sibling::*[1]').textContent(), 10);
  const { crossings, likely } = (await trial()).lines[0];
  assert.ok(shown > 0 && shown <= crossings.a_to_b + likely.a_to_b, `${shown} crossed`);
  await dialog.getByRole('listitem').nth(lines.length).getByText(/nothing crossed|down/).first().waitFor();
  await row.getByRole('button').click();
  assert.ok((await dialog.locator('.crossing').count()) > 0);
  await assertAccessible(page);

  const point = dialog.getByRole('button', { name: new RegExp(`^${lines[0].name}, first point`) });
  await point.focus();
  await point.press('ArrowDown');
  await row.getByText('moved since it was tried').waitFor();
  assert.equal(await dialog.locator('.crossing').count(), 0);
  await point.press('ArrowUp');
  await row.getByText(lines[0].a_to_b).waitFor();
  assert.deepEqual((await api(`/api/cameras/${camera.id}/lines`)).lines, lines, 'nothing is stored');
});

test('where nothing was watched, a trial says so', async () => {
  const { id } = await api('/api/cameras', { method: 'POST', body: { name: 'Unwatched', source: '/nowhere/clip.mp4', loop: true, enabled: false } });
  await api(`/api/cameras/${id}/lines`, { method: 'PUT', body: { lines: [{ name: 'Gate', x1: 10, y1: 90, x2: 90, y2: 90 }] } });
  // It has no picture either: Chromium logs the refused still.
  const page = await open(`/roads/${id}`, { allowErrors: true });
  await page.getByRole('button', { name: 'Edit lines' }).click();
  await page.getByRole('button', { name: 'Try on the last 10 minutes' }).click();
  await page.getByText('Not watched in the last 10 minutes').waitFor();
  assert.match(await page.getByRole('dialog').getByRole('listitem').textContent(), /^1\s*Gate\s*$/, 'no figure beside it');
  await api(`/api/cameras/${id}`, { method: 'DELETE' });
});

test('at 360 px a line is added without a pointer, and nothing is lost by mistake', async () => {
  const page = await open(`/roads/${camera.id}`, { width: 360, height: 740 });
  await page.getByRole('button', { name: /Edit lines|Draw a line/ }).click();
  const dialog = page.getByRole('dialog', { name: /^Lines of/ });
  await dialog.getByRole('button', { name: 'Add a line' }).click();
  await dialog.getByLabel('Name').fill('Not kept');
  assert.ok(await fits(page));
  await assertAccessible(page);
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('Escape');
  await dialog.getByText('The changes are not saved').waitFor();
  await dialog.getByRole('button', { name: 'Discard changes' }).click();
  await dialog.waitFor({ state: 'detached' });
});
