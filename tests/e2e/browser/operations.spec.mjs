import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, eventually } from './page.mjs';

test('every loop has a row with its state; its leases unfold', async () => {
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
  await page.locator('.sub', { hasText: /loops?\b/ }).waitFor();
  await assertAccessible(page);
});

test('the panels say what the status says', async () => {
  const page = await open('/operations');
  const status = await api('/api/status');
  const panel = (name) => page.locator('.panel', { has: page.getByRole('heading', { name, exact: true }) });
  await panel('Database').getByText(status.database.kind).waitFor();
  await panel('Processes').getByText('answers this page').waitFor();
  await panel('Viewers').getByText('Event streams').waitFor();
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
