import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, eventually } from './page.mjs';
import { startServer } from './server.mjs';

test('every task has a row with its state; what it did unfolds, and stays open at its address', async () => {
  const page = await open('/operations');
  await page.locator('tr.loop').first().waitFor();
  // Loops come and go; the page reads them again.
  await eventually('a row for every loop', async () => {
    const { loops } = await api('/api/loops');
    return (await page.locator('tr.loop').count()) === new Set(loops.map((l) => l.title)).size;
  });
  await page.locator('tr.loop .name').first().click();
  await page.locator('.leases').first().waitFor();
  await page.locator('.leases .bone').waitFor({ state: 'detached' });
  await page.waitForURL(/open=/);
  await page.reload();
  await page.locator('.leases').first().waitFor();
  await page.locator('.sub', { hasText: /tasks?\b/ }).waitFor();
  await assertAccessible(page);
});

test('a camera is one step from its task, and / finds a task', async () => {
  const { cameras } = await api('/api/cameras');
  const page = await open('/operations');
  await page.locator('tr.loop').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(cameras[0].name);
  await page.locator('tr.loop', { hasText: 'Roll-up' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: `${cameras[0].name}, its page` }).click();
  await page.waitForURL((url) => url.pathname === `/roads/${cameras[0].id}`);
});

test('the panels say what the status says', async () => {
  const page = await open('/operations');
  const status = await api('/api/status');
  const panel = (name) => page.locator('.panel', { has: page.getByRole('heading', { name, exact: true }) });
  await panel('Database').getByText(status.database.kind).waitFor();
  await panel('Processes').getByText('answers this page').waitFor();
  await panel('Viewers').getByText('Event streams').waitFor();
  await panel('Machine').getByText(`of ${status.machine.cores} core`).waitFor();
});

test('the report holds status and loops', async () => {
  const page = await open('/operations');
  await page.locator('tr.loop').first().waitFor();
  await page.getByText('answers this page').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download report' }).click(),
  ]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.ok(report.loops.loops.length > 0);
  assert.equal(report.status.database.reachable, true);
  assert.ok(Array.isArray(report.cameras));
});

for (const width of [1440, 1024, 360]) {
  for (const theme of ['light', 'dark']) {
    test(`${width} px wide, ${theme}: nothing sticks out, axe finds nothing`, async () => {
      const page = await open('/operations', { width, theme });
      await page.locator('tr.loop').first().waitFor();
      assert.ok(await fits(page));
      await assertAccessible(page);
    });
  }
}

test('where nothing was ever on the queue, its kinds are named and no list is shown; a job that is not there is said to be missing', async () => {
  const own = await startServer();
  try {
    const { kinds } = await api(`${own.url}/api/jobs/kinds`);
    assert.ok(kinds.some(({ kind }) => kind === 'count-file'), 'a kind without a job is known');
    // That it is missing, Chromium logs.
    const page = await open(`${own.url}/operations?job=999999`, { allowErrors: true });
    const panel = (name) => page.locator('.panel', { has: page.getByRole('heading', { name, exact: true }) });
    const named = kinds.map(({ title }) => title.charAt(0).toLowerCase() + title.slice(1)).join('; ');
    await panel('Kinds of job').getByText(`Nothing waits, runs or ended within a day of: ${named}.`, { exact: true }).waitFor();
    await panel('Kinds of job').getByText('the queue is empty').waitFor();
    assert.equal(await page.locator('tr.kind').count(), 0);
    await panel('Jobs').getByText('Job 999999 cannot be shown').waitFor();
    await panel('Jobs').getByText('there never was one').waitFor();
    await page.getByRole('link', { name: 'Close' }).click();
    await panel('Jobs').waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).search, '');
  } finally {
    await own.stop();
  }
});
