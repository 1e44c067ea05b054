// What the specs of the pages share: axe, and reading the API beside the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { server } from './browser.mjs';

const axe = readFileSync(createRequire(new URL('../../../ui/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');

/** GET from the API (of the shared server, or a whole address), or what `method` says, with a body of JSON; the answer's JSON. */
export async function api(path, { method = 'GET', body } = {}) {
  const response = await fetch(new URL(path, server), { method, headers: body && { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${path} answered ${response.status}`);
  return response.status === 204 ? null : response.json();
}

/** Fails with what axe finds wrong on the page as it stands. */
export async function assertAccessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(' | ')}`);
  });
  assert.deepEqual(found, []);
}

/** From here on the page draws no frame that its own code waits for: what must come before the next key cannot come with one. */
export const withoutFrames = (page) => page.evaluate(() => void (window.requestAnimationFrame = () => 0));

/**
 * From here on the page's reads of that path wait for the returned function: what is shown before was not read there.
 * Writes pass.
 */
export async function withheld(page, path) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(
    (url) => url.pathname === path,
    async (route) => {
      if (route.request().method() === 'GET') await released;
      await route.continue();
    },
  );
  return release;
}

/** Fails unless the control has the focus. */
export async function assertFocused(control) {
  assert.ok(await control.evaluate((element) => element === document.activeElement), `${control} has no focus`);
}

/** Waits until the condition, asked again and again, holds; `what` names it in the failure. */
export async function eventually(what, condition, limitMs = 15_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < end, `not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The page of a camera, its figures read. */
export async function figuresShown(page) {
  await page.locator('.figures[aria-busy="false"] .figure.lead .value').waitFor();
  await page.locator('.figure.lead .than', { hasText: 'watched' }).waitFor();
}

/** A camera that is running and shows its picture. */
export function runningCamera() {
  return eventually('a camera runs', async () => {
    const { cameras } = await api('/api/cameras');
    return cameras.find((c) => c.status.state === 'running' && c.status.live);
  }, 60_000);
}
