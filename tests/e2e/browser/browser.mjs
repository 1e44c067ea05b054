// Chromium for the browser tests: `const page = await open('/roads')`. The server's address is in $VEDETTE_URL
// (tests/e2e/with_server.py). A page that logs an error or throws has failed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach } from 'node:test';

const { chromium } = createRequire(new URL('../../../ui/package.json', import.meta.url))('playwright-core');

export const server = process.env.VEDETTE_URL;
assert.ok(server, 'run me through tests/e2e/with_server.py');

const browser = await chromium.launch({
  executablePath: process.env.VEDETTE_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  ],
});
after(() => browser.close());

let contexts = [];
let problems = [];
afterEach(async () => {
  await Promise.all(contexts.map((context) => context.close()));
  const seen = problems;
  contexts = [];
  problems = [];
  assert.deepEqual(seen, [], 'the page reported errors');
});

/**
 * Opens a page of the UI in a context of its own.
 * @param {string} path of the shared server, or a whole address
 * @param {{width?: number, height?: number, theme?: 'light' | 'dark', allowErrors?: boolean}} [options] allowErrors: the
 *   test breaks the connection on purpose
 */
export async function open(path, options = {}) {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
  });
  contexts.push(context);
  const page = await context.newPage();
  if (!options.allowErrors) {
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  }
  // Never networkidle: the page keeps a stream of events open.
  await page.goto(new URL(path, server).href, { waitUntil: 'load' });
  return page;
}

/** True when nothing sticks out to the right of the window. */
export const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
