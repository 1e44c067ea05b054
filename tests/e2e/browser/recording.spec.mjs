// A recorded file, the way of a newcomer: add it, draw a line on its still, count it, see the result; change the line, count
// again. Then what can go wrong, and the queue behind it. On a server of its own, so that nothing else counts.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fits, open } from './browser.mjs';
import { api, assertAccessible, assertFocused, eventually, runningCamera } from './page.mjs';
import { startServer, vedette } from './server.mjs';

const kStartsAt = '2026-11-20T10:00:00Z';
let own;
let clip;
const at = (path) => `${own.url}${path}`;
const ask = (path, options) => api(at(path), options);

before(async () => {
  clip = (await runningCamera()).source;
  own = await startServer({ VEDETTE_WATCH_PRECISION: 'f32' });
});
after(() => own.stop());

const add = (fields) => ask('/api/cameras', { method: 'POST', body: { source: clip, starts_at: kStartsAt, start: false, ...fields } });
const count = (page) => page.getByRole('region', { name: 'Count of this recording' });
const pause = (is) => ask(`/api/jobs/kinds/count-file/${is ? 'pause' : 'resume'}`, { method: 'POST' });
/** What the table says, by direction. */
const counted = (page) => page.locator('[data-line]').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.dataset.line.split(' ')[1], row.lastElementChild.textContent.trim()])));

/** What the command line counts in the same file at the same line, in words of the table. */
async function byCommand({ name, x1, y1, x2, y2 }, types) {
  const out = await vedette('watch', clip, '--line', `${name}:${[x1, y1, x2, y2].join(',')}`, '--types', types.join(','), '--precision', 'f32', '--json', '--events');
  const crossings = out.trim().split('\n').map((line) => JSON.parse(line)).filter((event) => event.direction);
  const of = (direction) => String(crossings.filter((crossing) => crossing.direction === direction).length);
  return { a_to_b: of('a_to_b'), b_to_a: of('b_to_a') };
}

test('file, still, line, count, exact result; another line, count again, replaced', { timeout: 400_000 }, async () => {
  const page = await open(at('/roads'));
  await page.getByRole('button', { name: 'Add the first camera' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add camera' });
  await dialog.getByText('Recorded file').click();
  await dialog.getByLabel('Name').fill('Bridge');
  await dialog.getByLabel('File or folder').fill(clip);
  await dialog.getByLabel('Name').focus();
  const look = dialog.getByRole('img', { name: 'What the source shows now' });
  await look.waitFor();
  await eventually('the still is decoded', () => look.evaluate((image) => image.naturalWidth > 0));
  await dialog.getByLabel('Recorded from').fill('2026-11-20T10:00:00');
  await assertAccessible(page);
  await dialog.getByRole('button', { name: 'Add and draw lines' }).click();

  // Nothing is counted yet; the lines are drawn on the recording's own picture.
  const lines = page.getByRole('dialog', { name: 'Lines of Bridge' });
  await lines.locator('.stage svg').waitFor();
  const added = await ask('/api/cameras/bridge');
  assert.equal(added.count, null);
  await lines.getByRole('button', { name: 'Add a line' }).click();
  await lines.getByLabel('Name').fill('Gate');
  await lines.getByLabel('Along the arrow, down').fill('in');
  await lines.getByRole('button', { name: 'Save and start counting' }).click();
  await lines.waitFor({ state: 'detached' });

  await count(page).getByRole('progressbar').waitFor();
  await count(page).getByText(/of [\d,]+ pictures/).waitFor();
  await page.locator('.chip[aria-current]', { hasText: /counting|counted/ }).waitFor();
  await assertAccessible(page);
  await count(page).getByText('Counted', { exact: true }).waitFor({ timeout: 180_000 });

  const first = await ask('/api/cameras/bridge');
  const [line] = first.lines;
  const expected = await byCommand(line, first.types);
  assert.ok(Object.values(expected).some((n) => n !== '0'), 'somebody crosses');
  await eventually('the table says what was counted', async () => JSON.stringify(await counted(page)) === JSON.stringify(expected));
  await page.getByText('All of the recording was looked at').waitFor();
  // Its time is its own: that of the file, not of the count.
  await page.getByText(/20 Nov, 10:00:00 – 10:0\d:\d\d/).waitFor();
  const crossings = page.locator('.panel', { has: page.getByRole('heading', { name: 'Crossings' }) });
  assert.equal(await crossings.locator('tbody tr').count(), Number(expected.a_to_b) + Number(expected.b_to_a));
  await assertAccessible(page);

  // Another line: the old result stays, and says so, until the new one is there.
  await page.getByRole('button', { name: 'Other lines' }).click();
  const point = lines.getByRole('button', { name: /^Gate, first point/ });
  const other = lines.getByRole('button', { name: /^Gate, second point/ });
  for (const one of [point, other]) {
    await one.focus();
    for (let i = 0; i < 8; i += 1) await one.press('Shift+ArrowUp');
  }
  await lines.getByRole('button', { name: 'Save lines' }).click();
  await lines.waitFor({ state: 'detached' });
  await count(page).getByText(/Lines.* have changed since this was counted/).waitFor();
  assert.deepEqual(await counted(page), expected, 'the result is of the line as it was');
  await pause(true);
  await count(page).getByRole('button', { name: 'Count again' }).click();
  await count(page).getByText('The figures below are of the count').waitFor();
  await count(page).getByText('paused').waitFor();
  assert.deepEqual(await counted(page), expected);
  await pause(false);
  await count(page).getByText('Counted', { exact: true }).waitFor({ timeout: 180_000 });
  const second = await ask('/api/cameras/bridge');
  assert.notEqual(second.lines[0].y1, line.y1);
  const now = await byCommand(second.lines[0], second.types);
  await eventually('the new result has replaced the old one', async () => JSON.stringify(await counted(page)) === JSON.stringify(now));
  await count(page).getByText('have changed').waitFor({ state: 'detached' });
});

test('a part of it is looked at by itself, and is at an address of its own', async () => {
  const { crossings } = await ask('/api/traffic/crossings?camera=bridge&limit=1000');
  const times = crossings.map((crossing) => Date.parse(crossing.t)).sort((a, b) => a - b);
  assert.ok(times.length > 1, 'there is something to part');
  // Behind the first crossing, to the tenth of a second that the fields speak of.
  const cut = Math.ceil((times[0] - Date.parse(kStartsAt)) / 100) / 10;
  const inside = crossings.filter((crossing) => Date.parse(crossing.t) < Date.parse(kStartsAt) + cut * 1000);
  assert.ok(inside.length > 0 && inside.length < crossings.length);

  const page = await open(at('/roads/bridge'));
  const rows = page.locator('.panel', { has: page.getByRole('heading', { name: 'Crossings' }) }).locator('tbody tr');
  await eventually('all of them', async () => (await rows.count()) === crossings.length);
  await page.getByRole('button', { name: 'From – to' }).click();
  const dialog = page.getByRole('dialog', { name: 'Part of the recording' });
  await dialog.getByLabel('From').fill('0:05');
  await dialog.getByLabel('To').fill('0:02');
  await dialog.getByRole('button', { name: 'Show' }).click();
  await dialog.getByText('The end comes before the beginning.').waitFor();
  await assertAccessible(page);
  await dialog.getByLabel('From').fill('0');
  await dialog.getByLabel('To').fill(`0:${cut.toFixed(1)}`);
  await dialog.getByLabel('To').press('Enter');
  await page.waitForURL((url) => url.searchParams.get('part') === `0..${cut}`);
  const shown = { a_to_b: '0', b_to_a: '0' };
  for (const { direction } of inside) shown[direction] = String(Number(shown[direction]) + 1);
  const partIsShown = () => eventually('the part is shown', async () =>
    (await rows.count()) === inside.length && JSON.stringify(await counted(page)) === JSON.stringify(shown));
  await partIsShown();
  await page.getByText('Length of this part').waitFor();
  await assertAccessible(page);
  await page.reload();
  await partIsShown();
  await page.getByRole('link', { name: 'Whole recording' }).click();
  await eventually('all of them again', async () => (await rows.count()) === crossings.length);
  assert.equal(new URL(page.url()).searchParams.get('part'), null);
});

test('what a count leaves behind: pictures from all over it, and its result as documents', async () => {
  const { crossings } = await ask('/api/traffic/crossings?camera=bridge&limit=1000');
  const page = await open(at('/roads/bridge'));
  const saved = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), count(page).getByRole('link', { name }).click()]);
    return readFileSync(await download.path(), 'utf8');
  };
  assert.equal((await saved('Download crossings (CSV)')).trim().split('\n').length, crossings.length + 1);
  assert.equal(JSON.parse(await saved('Result (JSON)')).crossings.length, crossings.length);
  const strip = page.locator('.panel', { has: page.getByRole('heading', { name: 'Pictures' }) });
  const links = strip.getByRole('link');
  await links.first().waitFor();
  const { thumbnails } = await ask('/api/cameras/bridge/thumbnails');
  assert.equal(await links.count(), thumbnails.length);
  await links.first().scrollIntoViewIfNeeded();
  await eventually('the first one is a picture', () => links.first().locator('img').evaluate((image) => image.naturalWidth > 0));
  await links.nth(1).click();
  await page.waitForURL(/part=[\d.]+\.\.[\d.]+/);
  await page.getByText('Length of this part').waitFor();
  assert.equal(await strip.locator('li.dim').count(), thumbnails.length - 1, 'the others lie outside of it');
  await assertAccessible(page);
});

test('a recording is chosen from the folders of the server, with the keyboard and with the mouse', async () => {
  const folder = join(own.folder, 'videos');
  mkdirSync(join(folder, 'day 2'), { recursive: true });
  mkdirSync(join(folder, 'day 10'));
  for (const name of ['b.mp4', 'street.mp4']) symlinkSync(clip, join(folder, 'day 10', name));
  writeFileSync(join(folder, 'notes.txt'), 'No film.');
  // What is typed is looked at and is not there, which Chromium logs.
  const page = await open(at('/roads'), { allowErrors: true });
  await page.getByRole('button', { name: /^Add (the first )?camera$/ }).click();
  const form = page.getByRole('dialog', { name: 'Add camera' });
  await form.getByText('Recorded file').click();
  const path = form.getByLabel('File or folder');
  await path.fill(`${folder}/x`);
  await form.getByRole('button', { name: 'Browse' }).click();
  const picker = page.getByRole('dialog', { name: 'Choose a recording or a folder' });
  const list = picker.getByRole('listbox');
  await picker.getByText('2 folders; 1 other file is not shown').waitFor();
  assert.deepEqual((await list.getByRole('option').allTextContents()).map((text) => text.trim()), ['day 2, folder', 'day 10, folder']);
  await assertFocused(list);
  await assertAccessible(page);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await picker.getByText('2 recordings').waitFor();
  await page.keyboard.press('s');
  await list.getByRole('option', { name: 'street.mp4', selected: true }).waitFor();
  await page.keyboard.press('Backspace');
  // Back where one came from.
  await list.getByRole('option', { name: 'day 10', selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await picker.getByText('2 recordings').waitFor();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await picker.waitFor({ state: 'detached' });
  assert.equal(await path.inputValue(), join(folder, 'day 10', 'street.mp4'));
  assert.equal(await form.getByLabel('Name').inputValue(), 'street');
  const look = form.getByRole('img', { name: 'What the source shows now' });
  await look.waitFor();

  // With the mouse, a whole folder; Escape leaves the form as it is.
  await form.getByRole('button', { name: 'Browse' }).click();
  await list.getByRole('option', { name: 'street.mp4', selected: true }).waitFor();
  await picker.getByRole('button', { name: /^Up/ }).click();
  await list.getByRole('option', { name: 'day 10' }).click();
  await picker.getByText('2 recordings').waitFor();
  await list.getByRole('option', { name: 'b.mp4' }).click();
  await picker.getByRole('button', { name: 'Take the whole folder' }).click();
  assert.equal(await path.inputValue(), join(folder, 'day 10'));
  await form.getByRole('button', { name: 'Browse' }).click();
  await list.getByRole('option', { name: 'day 10', selected: true }).waitFor();
  await page.keyboard.press('Escape');
  await picker.waitFor({ state: 'detached' });
  assert.equal(await path.inputValue(), join(folder, 'day 10'));

  // A looped file is one file; what is typed may be no path at all: then it begins where one was chosen last.
  await form.getByText('Looped file').click();
  await form.getByLabel('File', { exact: true }).fill('nonsense');
  await form.getByRole('button', { name: 'Browse' }).click();
  const single = page.getByRole('dialog', { name: 'Choose a recording', exact: true });
  await single.getByRole('option', { name: 'street.mp4' }).dblclick();
  assert.equal(await form.getByLabel('File', { exact: true }).inputValue(), join(folder, 'day 10', 'street.mp4'));
});

test('a count is cancelled while it runs, and says so; it may be started again', { timeout: 120_000 }, async () => {
  // Long enough for nobody to be in time.
  const folder = join(own.folder, 'card');
  mkdirSync(folder);
  for (let i = 10; i < 50; i += 1) symlinkSync(clip, join(folder, `part-${i}${extname(clip)}`));
  await add({ name: 'Card', source: folder });
  const page = await open(at('/roads/card'));
  await count(page).getByRole('button', { name: 'Start counting' }).click();
  await count(page).getByText(/of [\d,]+ pictures/).waitFor({ timeout: 60_000 });
  await page.getByRole('img', { name: /picture of Card/ }).waitFor();
  await count(page).getByRole('button', { name: 'Cancel' }).click();
  await count(page).getByText('Stopped', { exact: true }).waitFor();
  await eventually('the queue says the same', async () => (await ask('/api/cameras/card')).count.state === 'cancelled');
  await count(page).getByRole('button', { name: 'Start counting' }).waitFor();
  await assertAccessible(page);
});

test('what is no recording fails with its sentence, here and on Operations', async () => {
  const file = join(own.folder, 'broken.mp4');
  writeFileSync(file, 'This is no film.\n'.repeat(400));
  await add({ name: 'Broken', source: file });
  await ask('/api/cameras/broken/count', { method: 'POST', body: {} });
  // Its still is refused as well, which Chromium logs.
  const page = await open(at('/roads/broken'), { allowErrors: true });
  await count(page).getByText('Could not be counted').waitFor({ timeout: 60_000 });
  const { error } = (await ask('/api/cameras/broken')).count;
  assert.ok(error.length > 10);
  await count(page).getByRole('alert').getByText(error.slice(1, 40)).waitFor();
  await count(page).getByRole('button', { name: 'Retry' }).waitFor();
  await page.locator('.chip[aria-current]', { hasText: 'could not be counted' }).waitFor();
  await assertAccessible(page);
  await count(page).getByRole('button', { name: 'Fix path' }).click();
  await page.getByRole('dialog', { name: 'Edit Broken' }).getByLabel('File or folder').waitFor();
  await page.keyboard.press('Escape');

  await count(page).getByRole('link', { name: 'Its job' }).click();
  await page.waitForURL(/\/operations\?job=\d+/);
  const failed = page.getByRole('region', { name: 'Jobs: Failed' });
  await failed.getByText(error.slice(1, 40)).first().waitFor();
  await failed.getByText('Attempts').waitFor();
  await assertAccessible(page);
  await failed.getByRole('button', { name: /^Retry/ }).click();
  await eventually('it failed again, as another attempt', async () => {
    const { jobs } = await ask('/api/jobs?key=broken');
    return jobs[0].state === 'discarded' && jobs[0].attempt === 2;
  });
  await failed.getByRole('button', { name: /^Retry/ }).waitFor();
});

test('Operations: a kind is paused, its job waits and is cancelled, and comes back by its address', async () => {
  await add({ name: 'Waiting' });
  const page = await open(at('/operations'));
  const kind = page.locator('[data-kind="count-file"]');
  await kind.getByRole('button', { name: /^Pause/ }).click();
  await kind.getByText('paused').waitFor();
  const { job } = await ask('/api/cameras/waiting/count', { method: 'POST', body: {} });
  const waiting = page.getByRole('region', { name: 'Jobs: Waiting' });
  const row = page.locator(`[data-job="${job.id}"]`);
  await waiting.locator(`[data-job="${job.id}"]`).waitFor();
  // The kinds come by an event of their own, at most once a second.
  await eventually('its kind counts it', async () => /^\s*1/.test(await kind.locator('[data-label="Waiting"]').textContent()));
  await row.getByRole('button', { expanded: false }).click();
  await page.waitForURL(new RegExp(`job=${job.id}`));
  await row.getByRole('button', { name: /^Cancel/ }).click();
  await page.getByRole('region', { name: 'Jobs: Ended lately' }).locator(`[data-job="${job.id}"]`).getByText('cancelled').waitFor();
  await page.reload();
  await page.getByText('Put on the queue').waitFor();
  await kind.getByRole('button', { name: /^Resume/ }).click();
  await kind.getByText('paused').waitFor({ state: 'detached' });
  assert.equal((await ask('/api/jobs/kinds')).kinds.find((k) => k.kind === 'count-file').is_paused, false);
});

test('with the keyboard alone a recording gets its line and is counted', { timeout: 120_000 }, async () => {
  await pause(true);
  await add({ name: 'Keys' });
  const page = await open(at('/roads/keys'));
  const press = async (control, key) => {
    await control.waitFor();
    await control.focus();
    await page.keyboard.press(key);
  };
  await press(count(page).getByRole('button', { name: 'Draw a line' }), 'Enter');
  const lines = page.getByRole('dialog', { name: 'Lines of Keys' });
  await lines.locator('.stage svg').waitFor();
  await press(lines.getByRole('button', { name: 'Add a line' }), 'Enter');
  await lines.getByLabel('Name').waitFor();
  await page.keyboard.type('Gate');
  await page.keyboard.press('Enter');
  await lines.waitFor({ state: 'detached' });
  await press(count(page).getByRole('button', { name: 'Cancel' }), 'Enter');
  await count(page).getByText('Stopped', { exact: true }).waitFor();
  assert.equal((await ask('/api/cameras/keys')).lines.length, 1);
  await pause(false);
});

for (const width of [1440, 1024, 360]) {
  for (const theme of ['light', 'dark']) {
    test(`${width} px wide, ${theme}: a counted recording and the queue fit, axe finds nothing`, async () => {
      const page = await open(at('/roads/bridge'), { width, theme });
      await page.locator('.figures[aria-busy="false"] .figure.lead .value').waitFor();
      await page.getByRole('img', { name: 'A picture of Bridge' }).waitFor();
      assert.ok(await fits(page));
      await assertAccessible(page);
      await page.goto(at('/operations'));
      await page.locator('[data-kind="count-file"]').waitFor();
      await page.locator('[data-job]').first().waitFor();
      assert.ok(await fits(page));
      await assertAccessible(page);
    });
  }
}
