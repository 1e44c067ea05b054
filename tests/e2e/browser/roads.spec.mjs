import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, eventually, figuresShown, runningCamera } from './page.mjs';

let camera;
before(async () => {
  camera = await runningCamera();
});
const path = () => `/roads/${camera.id}`;

test('the first address leads to a camera', async () => {
  const page = await open('/');
  await page.waitForURL(/\/roads\/[^/]+$/);
  await page.locator('h1', { hasText: 'Roads' }).waitFor();
  assert.equal(await page.locator('.chip[aria-current]').count(), 1);
});

test('the picture lives, the figures say what they rest on, the table ticks', async () => {
  const page = await open(path());
  await figuresShown(page);
  const picture = page.getByRole('img', { name: `Live picture of ${camera.name}` });
  await picture.waitFor();
  assert.equal(await picture.evaluate((canvas) => canvas.width), camera.status.width);
  await page.locator('.foot .state.good', { hasText: 'Live' }).waitFor();
  const kpi = await api(`/api/traffic/kpi?camera=${camera.id}&from=${new Date(Date.now() - 3.6e6).toISOString()}`);
  assert.match(await page.locator('.figure.lead .what').textContent(), /last 60 min/);
  if (kpi.last_60_min.vehicles !== null) await page.locator('.figure.lead .value', { hasText: /^\s*[\d,]+\s*$/ }).waitFor();
  await page.locator('.panel', { hasText: 'In view now' }).getByText('updates each second').waitFor();
});

test('the figures in the picture are those of the table, and point where the direction goes', async () => {
  const page = await open(path());
  await figuresShown(page);
  await page.getByRole('img', { name: `Live picture of ${camera.name}` }).waitFor();
  // Read together, so that no crossing falls between.
  const read = () =>
    page.evaluate(() => ({
      picture: [...document.querySelectorAll('[data-tally]')].map((e) => [e.dataset.tally, e.textContent.trim()]).sort(),
      table: [...document.querySelectorAll('[data-line]')].map((e) => [e.dataset.line, e.lastElementChild.textContent.trim()]).sort(),
    }));
  const { picture, table } = await read();
  assert.equal(table.length, 2 * camera.lines.length, 'a row for each direction of each line');
  assert.deepEqual(picture, table);
  const [line] = camera.lines;
  const angle = await page.locator(`[data-tally="${line.id} a_to_b"] svg`).evaluate((arrow) => parseInt(arrow.style.rotate, 10));
  const toTheRight = Math.round((Math.atan2(line.x2 - line.x1, line.y1 - line.y2) * 180) / Math.PI);
  assert.equal(angle, toTheRight);

  await page.getByRole('group', { name: 'Shown over the picture' }).getByRole('button', { name: 'Lines' }).click();
  await page.locator('[data-tally]').first().waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('img', { name: `Live picture of ${camera.name}` }).waitFor();
  await page.locator('[data-line]').first().waitFor();
  assert.equal(await page.locator('[data-tally]').count(), 0, 'what is not wanted stays away');
});

test('no figure of speed is shown that nobody measured', async () => {
  const page = await open(path());
  await figuresShown(page);
  assert.doesNotMatch(await page.locator('main').textContent(), /km\/h|usual/);
});

test('the period is part of the address and of the history', async () => {
  const page = await open(path());
  await figuresShown(page);
  await page.getByRole('link', { name: '7 days' }).click();
  await page.waitForURL(/period=7d/);
  await page.locator('.note', { hasText: 'last 7 days' }).first().waitFor();
  await page.getByRole('link', { name: 'Days', exact: true }).click();
  await page.waitForURL(/by=day/);
  await page.getByRole('heading', { name: 'Load by day' }).waitFor();
  await page.goBack();
  await page.goBack();
  await page.getByRole('heading', { name: 'Load by hour' }).waitFor();
  assert.equal(new URL(page.url()).search, '');
  await page.goto(new URL(`${path()}?period=28d`, page.url()).href);
  await page.locator('a[aria-current="true"]', { hasText: '28 days' }).waitFor();
});

test('days from and to are checked beside their fields', async () => {
  const page = await open(path());
  await page.getByRole('button', { name: 'From – to' }).click();
  await page.getByLabel('First day').fill('2026-02-10');
  await page.getByLabel('Last day').fill('2026-02-01');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('The last day comes before the first.').waitFor();
  await page.getByLabel('Last day').fill('2026-02-12');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/period=2026-02-10\.\.2026-02-12/);
  await page.getByText('Nothing of this period was watched.').waitFor();
});

test('the chart is read by keyboard', async () => {
  const page = await open(path());
  const chart = page.getByRole('slider', { name: /by hour/ });
  await chart.focus();
  await chart.press('Home');
  assert.match(await page.locator('.reading').textContent(), /^00:00 – 01:00: /);
  await chart.press('ArrowRight');
  assert.match(await chart.getAttribute('aria-valuetext'), /^01:00 – 02:00: /);
});

test('the history comes as CSV', async () => {
  const page = await open(path());
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click().then(() => page.getByRole('link', { name: 'By day' }).click()),
  ]);
  assert.equal(await download.failure(), null);
});

test('the load of one line and direction is an address, and so is its CSV', async () => {
  const [line] = camera.lines;
  const page = await open(path());
  await figuresShown(page);
  await page.getByLabel('Line and direction').selectOption({ label: `${line.name}, ${line.a_to_b}` });
  await page.waitForURL((url) => url.searchParams.get('line') === line.id && url.searchParams.get('direction') === 'a_to_b');
  await page.reload();
  await page.getByRole('slider', { name: /by hour/ }).waitFor();
  await page.getByRole('button', { name: 'CSV' }).click();
  const csv = await fetch(new URL(await page.getByRole('link', { name: 'By hour' }).getAttribute('href'), page.url()));
  assert.equal(csv.status, 200);
  const [head, ...rows] = (await csv.text()).trim().split(/\r?\n/);
  assert.match(head, /line.*direction/);
  assert.ok(rows.every((row) => row.includes(line.name) && row.includes(line.a_to_b)), rows.join(' / '));
});

test('before its birth neither a camera nor a line has a figure', async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const page = await open(`${path()}?period=${yesterday}..${yesterday}`);
  await page.locator('.figures[aria-busy="false"]').waitFor();
  await page.locator('[data-line]').first().waitFor();
  assert.deepEqual(await page.locator('[data-line] td:last-child').allTextContents(), Array(2 * camera.lines.length).fill('–'));
  assert.equal((await page.locator('.figure.lead .value').textContent()).trim(), '–');
  assert.equal(await page.locator('[data-tally]').count(), 0);
  await page.getByText('Nothing of this period was watched.').waitFor();
});

test('who leaves the page or the camera ends the live picture', async () => {
  const streams = async () => (await api('/api/status')).viewers.live_streams;
  const page = await open(path());
  await page.getByRole('img', { name: `Live picture of ${camera.name}` }).waitFor();
  await eventually('only this page plays it', async () => (await streams()) === 1);
  await page.getByRole('link', { name: 'Operations' }).click();
  await eventually('the stream ended', async () => (await streams()) === 0);
  await page.goBack();
  await eventually('it plays again', async () => (await streams()) === 1);
});

test('a camera that is not there is said to be missing', async () => {
  const page = await open('/roads/nobody-here', { allowErrors: true });
  await page.getByText('There is no camera “nobody-here”').waitFor();
});

test('keys: g o, g r, ?, Esc', async () => {
  const page = await open(path());
  await figuresShown(page);
  // Sent at once: the two belong together only for a moment.
  const press = (...keys) => Promise.all(keys.map((key) => page.keyboard.press(key)));
  await press('g', 'o');
  await page.waitForURL(/\/operations$/);
  await press('g', 'r');
  await page.waitForURL(/\/roads\/.+/);
  await press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the chosen appearance is there before the first paint', async () => {
  const page = await open(path());
  const change = page.getByRole('button', { name: /^Appearance/ }).first();
  await change.click();
  await change.click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.reload({ waitUntil: 'commit' });
  await page.locator('html[data-theme="dark"]').waitFor({ state: 'attached' });
});

for (const width of [1440, 1024, 360]) {
  for (const theme of ['light', 'dark']) {
    test(`${width} px wide, ${theme}: nothing sticks out, axe finds nothing`, async () => {
      const page = await open(path(), { width, theme });
      await figuresShown(page);
      assert.ok(await fits(page));
      await assertAccessible(page);
    });
  }
}
