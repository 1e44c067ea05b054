// Logging in and out, of a server that asks for it.
import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { open } from './browser.mjs';
import { assertAccessible } from './page.mjs';
import { startServer } from './server.mjs';

const kPassword = 'correct horse';
let url;
let server;

before(async () => {
  const salt = Buffer.from('0123456789abcdef');
  const hash = `pbkdf2-sha256$1000$${salt.toString('hex')}$${pbkdf2Sync(kPassword, salt, 1000, 32, 'sha256').toString('hex')}`;
  server = await startServer({ VEDETTE_AUTH_BEHIND_TLS: 'true', VEDETTE_AUTH_PASSWORD_HASH: hash });
  url = server.url;
});
after(() => server.stop());

test('who is logged in logs out by the button, and may not write then', async () => {
  // Refused writes and log-ins are logged by Chromium.
  const page = await open(`${url}/roads`, { allowErrors: true });
  const foot = page.locator('.foot');
  await foot.getByRole('button', { name: 'Log in' }).click();
  const dialog = page.getByRole('dialog', { name: 'Log in' });
  await dialog.getByLabel('User').fill('admin');
  await dialog.getByLabel('Password').fill('wrong');
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await dialog.locator('.problem').waitFor();
  await assertAccessible(page);
  await dialog.getByLabel('Password').fill(kPassword);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await dialog.waitFor({ state: 'detached' });

  const logOut = foot.getByRole('button', { name: 'Log out' });
  await logOut.waitFor();
  const mayWrite = () => page.evaluate(async () => (await (await fetch('/api/session')).json()).may_write);
  assert.equal(await mayWrite(), true);
  await logOut.click();
  await foot.getByRole('button', { name: 'Log in' }).waitFor();
  assert.equal(await mayWrite(), false);
});

test('a write that needs a log-in asks for it, and goes on', async () => {
  const page = await open(`${url}/roads`, { allowErrors: true });
  await page.getByRole('button', { name: 'Add the first camera' }).click();
  const add = page.getByRole('dialog', { name: 'Add camera' });
  await add.getByLabel('Name').fill('Behind a log-in');
  await add.getByText('RTSP camera').click();
  await add.getByLabel('Address').fill('rtsp://127.0.0.1:1/nobody');
  await add.getByRole('button', { name: 'Add camera' }).click();
  const dialog = page.getByRole('dialog', { name: 'Log in' });
  await dialog.getByLabel('User').fill('admin');
  await dialog.getByLabel('Password').fill(kPassword);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(/\/roads\/behind-a-log-in/);
  const { cameras } = await (await fetch(`${url}/api/cameras`)).json();
  assert.deepEqual(cameras.map((c) => c.name), ['Behind a log-in']);
});

test('files of the server are shown to whom may write alone', async () => {
  const asked = await fetch(`${url}/api/sources/files`);
  assert.equal(asked.status, 401);
  const page = await open(`${url}/roads`, { allowErrors: true });
  await page.getByRole('button', { name: 'Add camera' }).click();
  const add = page.getByRole('dialog', { name: 'Add camera' });
  await add.getByText('Recorded file').click();
  await add.getByRole('button', { name: 'Browse' }).click();
  const dialog = page.getByRole('dialog', { name: 'Log in' });
  await dialog.getByLabel('User').fill('admin');
  await dialog.getByLabel('Password').fill(kPassword);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('dialog', { name: /^Choose a recording/ }).getByRole('option').first().waitFor();
});
