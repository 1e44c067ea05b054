import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { open, server } from './browser.mjs';
import { api, assertAccessible, eventually, runningCamera } from './page.mjs';

// Pictures of a camera that runs, passed on three times a second.
const viewers = new Set();
const source = createServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=picture' });
  viewers.add(response);
  response.on('close', () => viewers.delete(response));
});
let pace;
let camera;

before(async () => {
  const { id } = await runningCamera();
  pace = setInterval(async () => {
    const still = await fetch(`${server}/api/cameras/${id}/snapshot.jpg`).catch(() => null);
    if (!still?.ok) return;
    const picture = Buffer.from(await still.arrayBuffer());
    for (const viewer of viewers) {
      viewer.write(`--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      viewer.write(picture);
      viewer.write('\r\n');
    }
  }, 333);
  await new Promise((resolve) => source.listen(0, '127.0.0.1', resolve));
  camera = await api('/api/cameras', { method: 'POST', body: { name: 'Rare pictures', source: `http://127.0.0.1:${source.address().port}/video.mjpg`, model: 'motion' } });
});
after(async () => {
  clearInterval(pace);
  await api(`/api/cameras/${camera.id}`, { method: 'DELETE' });
  source.closeAllConnections();
  source.close();
});

const kRemedy = 'Set the camera to at least 5 pictures a second';

test('a camera that is looked at too rarely says so with the remedy: beside its picture, in its record, as a task', async () => {
  await eventually('it is too slow', async () => (await api(`/api/cameras/${camera.id}`)).status.word === 'too slow', 60_000);
  await eventually('the record says so', async () => (await api(`/api/traffic/quality?camera=${camera.id}`)).issues.some((issue) => issue.issue === 'too slow'));
  const page = await open(`/roads/${camera.id}`);
  await page.getByRole('img', { name: `Live picture of ${camera.name}` }).waitFor();
  const said = page.locator('.caption .slow');
  await said.locator('.state.wait', { hasText: 'too slow' }).waitFor();
  await said.getByText(kRemedy).waitFor();
  const chip = page.locator('.chip[aria-current]');
  await chip.locator('.state.wait').waitFor();
  await chip.getByText('too slow').waitFor();
  const record = page.locator('.panel', { has: page.getByRole('heading', { name: 'Record quality' }) });
  await record.locator('tr', { hasText: 'Too slow' }).getByText(kRemedy).waitFor();
  await assertAccessible(page);

  await page.getByRole('link', { name: 'Operations' }).click();
  const task = page.locator('tr.loop', { hasText: camera.name });
  await task.locator('.state.wait', { hasText: 'too slow' }).waitFor();
  await task.getByText(kRemedy).waitFor();
  await page.locator('.sub', { hasText: /needs? a look/ }).waitFor();
});
