// What was typed is not lost: Esc, the cross, Cancel and the browser's Back ask first, the same in every dialog.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { open } from './browser.mjs';
import { assertFocused, runningCamera } from './page.mjs';

let camera;
before(async () => {
  camera = await runningCamera();
});

const dialogs = [
  { name: 'Edit camera', open: (page) => page.getByRole('button', { name: 'Edit camera' }).click(), field: 'Name' },
  { name: 'Add camera', open: (page) => page.getByRole('button', { name: 'Add camera' }).click(), field: 'Name' },
  {
    name: 'lines',
    open: async (page) => {
      await page.getByRole('button', { name: 'Edit lines' }).click();
      await page.getByRole('dialog').locator('.stage svg').waitFor();
    },
    field: 'Name',
  },
  { name: 'From – to', open: (page) => page.getByRole('button', { name: 'From – to' }).click(), field: 'First day', text: '2026-02-10' },
];
const ways = {
  Esc: (page) => page.keyboard.press('Escape'),
  Back: (page) => page.evaluate(() => history.back()),
  'the cross': (page) => page.getByRole('dialog').getByRole('button', { name: 'Close' }).click(),
  Cancel: (page) => page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click(),
};

for (const dialog of dialogs) {
  test(`${dialog.name}: nothing typed is lost`, async () => {
    const page = await open(`/roads/${camera.id}`);
    await page.getByRole('button', { name: 'Edit lines' }).waitFor();
    await dialog.open(page);
    const shown = page.getByRole('dialog');
    const field = shown.getByLabel(dialog.field, { exact: true });
    const text = dialog.text ?? 'Typed here';
    await field.fill(text);
    for (const [name, close] of Object.entries(ways)) {
      await close(page);
      await shown.getByText('The changes are not saved').waitFor();
      const goOn = shown.getByRole('button', { name: 'Go on editing' });
      await assertFocused(goOn);
      assert.equal(await field.inputValue(), text, `${name} keeps it`);
      assert.equal(new URL(page.url()).pathname, `/roads/${camera.id}`);
      await goOn.click();
    }
    await page.keyboard.press('Escape');
    await shown.getByRole('button', { name: 'Discard changes' }).click();
    await shown.waitFor({ state: 'detached' });
  });
}

test('Back closes a dialog without changes and stays; the next Back leaves', async () => {
  const page = await open('/operations');
  await page.getByRole('link', { name: 'Roads' }).click();
  await page.waitForURL(/\/roads\/.+/);
  const address = page.url();
  await page.getByRole('button', { name: 'Edit camera' }).click();
  await page.getByRole('dialog').waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(page.url(), address);
  await page.goBack();
  await page.waitForURL(/\/operations$/);
});

test('a dialog that was closed leaves nothing in the way of Back', async () => {
  const page = await open('/operations');
  await page.getByRole('link', { name: 'Roads' }).click();
  await page.waitForURL(/\/roads\/.+/);
  await page.getByRole('button', { name: 'Edit camera' }).click();
  await page.getByRole('dialog').waitFor();
  const entries = await page.evaluate(() => history.state?.dialog === true);
  assert.ok(entries, 'while it is open, Back is its');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.waitForFunction(() => !history.state?.dialog);
  await page.goBack();
  await page.waitForURL(/\/operations$/);
});

test('asked whether to remove a camera, one begins at keeping it', async () => {
  const page = await open(`/roads/${camera.id}`);
  await page.getByRole('button', { name: 'Edit camera' }).click();
  await page.getByRole('button', { name: 'Remove camera' }).click();
  await assertFocused(page.getByRole('dialog', { name: /^Remove/ }).getByRole('button', { name: 'Keep it' }));
});
