import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, before, test } from 'node:test';
import { open, server } from './browser.mjs';
import { api, eventually, figuresShown, runningCamera } from './page.mjs';

let camera;
before(async () => {
  camera = await runningCamera();
});

/** A way to the server that can be cut and mended. */
class Cable {
  #target = new URL(server);
  #sockets = new Set();
  #listener = net.createServer((socket) => {
    const there = net.connect(Number(this.#target.port), this.#target.hostname);
    for (const end of [socket, there]) {
      this.#sockets.add(end);
      end.on('error', () => undefined);
      end.on('close', () => {
        this.#sockets.delete(end);
        socket.destroy();
        there.destroy();
      });
    }
    socket.pipe(there).pipe(socket);
  });
  #port = 0;

  async plug() {
    await new Promise((resolve) => this.#listener.listen(this.#port, '127.0.0.1', resolve));
    this.#port = this.#listener.address().port;
  }
  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }
  async cut() {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}

const cable = new Cable();
afterEach(() => cable.cut());

test('a cut connection is said, with the time; mended, everything goes on by itself', async () => {
  await cable.plug();
  const page = await open('/operations', { allowErrors: true });
  // The counts go on, but not on this page: what it shows changes for the cut alone.
  let answer;
  let isCut = false;
  await page.route(/\/api\/traffic\/kpi\?/, async (route) => (isCut ? route.abort() : route.fulfill({ response: (answer ??= await route.fetch()) })));
  const streams = async () => (await api('/api/status')).viewers.live_streams;
  await page.goto(`${cable.url}/roads/${camera.id}`);
  await figuresShown(page);
  await page.locator('.foot .state.good', { hasText: 'Live' }).waitFor();
  await eventually('only this page plays the picture', async () => (await streams()) === 1);
  const figure = await page.locator('.figure.lead .value').textContent();
  isCut = true;
  await cable.cut();
  const band = page.locator('.band', { hasText: /As of \d\d:\d\d:\d\d, reconnecting/ });
  await band.waitFor();
  await page.locator('.foot .state.wait', { hasText: 'Not live' }).waitFor();
  assert.equal(await page.locator('.figure.lead .value').textContent(), figure, 'what was known stays');
  assert.equal(await page.getByText(/as of \d\d:\d\d/i).count(), 1, 'it is said once');
  const colours = await page.evaluate(() => {
    const of = (selector, pseudo) => getComputedStyle(document.querySelector(selector), pseudo);
    return { dot: of('.chip[aria-current] .state', '::before').backgroundColor, other: of('.foot .state', '::before').backgroundColor, figure: of('.figure.lead .value').color, ink: getComputedStyle(document.body).color };
  });
  assert.notEqual(colours.figure, colours.ink, 'a figure that is no longer live does not look it');
  const [r, g, b] = colours.dot.match(/\d+/g).map(Number);
  assert.ok(Math.max(r, g, b) - Math.min(r, g, b) < 32, `the dot of the camera is grey, not ${colours.dot}`);
  await eventually('the picture has ended', async () => (await streams()) === 0);
  isCut = false;
  await cable.plug();
  await page.locator('.foot .state.good', { hasText: 'Live' }).waitFor({ timeout: 25_000 });
  await band.waitFor({ state: 'detached' });
  await eventually('the picture plays again', async () => (await streams()) === 1);
  await page.getByRole('img', { name: `Live picture of ${camera.name}` }).waitFor();
});

test('five tabs share one event stream and at most three live pictures; each is up to date', async () => {
  await cable.plug();
  const context = (await open(`/roads/${camera.id}`)).context();
  for (let i = 1; i < 5; i += 1) await (await context.newPage()).goto(`${server}/roads/${camera.id}`);
  const pages = context.pages();
  await Promise.all(pages.map(figuresShown));
  for (let i = 0; i < 20; i += 1) await pages[i % pages.length].reload({ waitUntil: 'domcontentloaded' });
  await Promise.all(pages.map(figuresShown));
  await Promise.all(pages.map((page) => page.locator('.foot .state.good', { hasText: 'Live' }).waitFor()));
  await eventually('streams as they should be', async () => {
    const { viewers } = await api('/api/status');
    return viewers.event_streams === 1 && viewers.live_streams === 3;
  });
});
