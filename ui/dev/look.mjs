// Pictures of the pages in all their states, with what axe, the console and the window's width say about each.
//
//   npm run build && npm run mock &
//   npm run look [FOLDER] [PART OF A NAME]      PNG files into FOLDER (default: look/ in the system's temporary folder)
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const base = process.env.VEDETTE_URL ?? 'http://127.0.0.1:5180';
const folder = process.argv[2] ?? join(tmpdir(), 'look');
const only = process.argv[3] ?? '';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(folder, { recursive: true });

const click = (selector) => (page) => page.locator(selector).first().click();
const then = (scenario, ms = 4000) => async (page) => {
  await set(scenario);
  await page.waitForTimeout(ms);
};
/** name, scenario, path, what is done before the picture */
const looks = [
  ['roads', 'normal', '/roads'],
  ['roads-7d', 'normal', '/roads/mill-street?period=7d'],
  ['roads-28d', 'normal', '/roads/mill-street?period=28d&by=hour'],
  ['roads-empty', 'empty', '/roads'],
  ['roads-loading', 'slow', '/roads'],
  ['roads-away', 'away', '/roads'],
  ['roads-away-later', 'normal', '/roads', then('away')],
  ['roads-stale', 'normal', '/roads', then('down')],
  ['roads-motion', 'motion', '/roads/mill-street'],
  ['roads-long-names', 'long', '/roads'],
  ['roads-unreachable', 'broken', '/roads/mill-street'],
  ['roads-no-picture', 'nopicture', '/roads/mill-street'],
  ['roads-quiet', 'quiet,nolines', '/roads/mill-street'],
  ['roads-one', 'one', '/roads'],
  ['roads-young', 'young', '/roads/mill-street'],
  ['roads-too-slow', 'tooslow', '/roads/mill-street'],
  ...['new', 'waiting', 'running', 'again', 'failed', 'done', 'outdated', 'stopped', 'long'].map((state) => [`recording-${state}`, `rec-${state},still`, '/roads/overhead']),
  ['recording-part', 'rec-done,still', '/roads/overhead?part=4..9'],
  ['recording-part-long', 'rec-long,still', '/roads/overhead?part=1800..5400'],
  ['recording-part-choose', 'rec-done', '/roads/overhead', click('text=From – to'), (page) => page.locator('dialog input').nth(1).fill('0:99'), click('dialog button.primary')],
  ['recording-part-choose-long', 'rec-long', '/roads/overhead?part=1800..5400', click('[aria-label="Part of the recording"] button')],
  ['recording-no-lines', 'rec-done,nolines', '/roads/overhead'],
  ['recording-paused', 'rec-waiting,paused', '/roads/overhead'],
  ['recording-read-only', 'rec-outdated,readonly', '/roads/overhead'],
  ['recording-lines', 'rec-new', '/roads/overhead', click('button:text-is("Draw a line")'), click('text=Add a line')],
  ['recording-add', 'rec-new', '/roads', click('[aria-label="Add camera"]'), click('text=Recorded file'), (page) => page.locator('input[placeholder^="/data"]').fill('/data/clips/overhead.avi'), click('dialog legend'), (page) => page.keyboard.press('Tab')],
  ['files', 'rec-new', '/roads', click('[aria-label="Add camera"]'), click('text=Recorded file'), (page) => page.locator('input[placeholder^="/data"]').fill('/data/clips/overhead.avi'), click('text=Browse')],
  ['files-begin', 'rec-new', '/roads', click('[aria-label="Add camera"]'), click('text=Looped file'), click('text=Browse')],
  ['files-many', 'rec-new', '/roads', click('[aria-label="Add camera"]'), click('text=Recorded file'), click('text=Browse'), (page) => page.keyboard.press('End'), (page) => page.keyboard.press('Enter'), (page) => page.keyboard.press('PageDown')],
  ['files-none', 'rec-new,nofiles', '/roads', click('[aria-label="Add camera"]'), click('text=Recorded file'), click('text=Browse'), (page) => page.keyboard.press('Enter')],
  ['files-away', 'rec-new,nofolder', '/roads', click('[aria-label="Add camera"]'), click('text=Recorded file'), click('text=Browse')],
  ['roads-off', 'normal', '/roads/old-bridge'],
  ['roads-many', 'many', '/roads/mill-street', (page) => page.keyboard.press('/')],
  ['add-camera', 'normal', '/roads', click('[aria-label="Add camera"]'), click('dialog button.primary')],
  ['edit-camera', 'normal', '/roads/ring-road-east', click('text=Edit camera')],
  ['remove-camera', 'normal', '/roads/mill-street', click('text=Edit camera'), click('text=Remove camera')],
  ['lines', 'normal', '/roads/mill-street', click('text=Edit lines')],
  ['lines-tried', 'normal', '/roads/mill-street', click('text=Edit lines'), click('text=Add a line'), click('text=Try on the last')],
  ['lines-tried-long-names', 'long', '/roads', click('text=Edit lines'), click('text=Try on the last')],
  ['lines-tried-quiet', 'quiet', '/roads/mill-street', click('text=Edit lines'), click('text=Try on the last')],
  ['lines-tried-not-watched', 'broken', '/roads/mill-street', click('text=Edit lines'), click('text=Try on the last')],
  ['lines-tried-away', 'normal', '/roads/mill-street', click('text=Edit lines'), then('away', 500), click('text=Try on the last')],
  ['from-to', 'normal', '/roads', click('text=From – to')],
  ['log-in', 'login', '/roads/mill-street', click('text=Edit camera'), click('text=Save camera')],
  ['keyboard', 'normal', '/roads', (page) => page.keyboard.press('?')],
  ['fields', 'normal', '/fields'],
  ['fields-empty', 'noimages', '/fields'],
  ['fields-loading', 'slow', '/fields'],
  ['fields-away', 'away', '/fields'],
  ['fields-table', 'normal', '/fields?view=table'],
  ['fields-failed', 'normal', '/fields?status=failed'],
  ['fields-flight', 'manyimages', '/fields?flight=m2'],
  ['fields-image', 'normal', '/fields/m2-4'],
  ['fields-image-rgb', 'normal', '/fields/m3-4'],
  ['fields-image-bands', 'normal', '/fields/m3-4', click('text=Set this camera')],
  ['fields-image-failed', 'normal', '/fields/m1-0'],
  ['fields-image-gone', 'normal', '/fields/nobody'],
  ['operations', 'normal', '/operations'],
  ['operations-no-jobs', 'nojobs', '/operations'],
  ['operations-flood', 'flood,paused', '/operations'],
  ['operations-job', 'trouble', '/operations?job=4009'],
  ['operations-job-gone', 'normal', '/operations?job=1&kind=count-file'],
  ['operations-read-only', 'trouble,readonly', '/operations'],
  ['operations-trouble', 'trouble', '/operations', click('tr.loop .name')],
  ['operations-away', 'away', '/operations'],
  ['operations-loading', 'slow', '/operations'],
  ['operations-many', 'many', '/operations'],
  ['operations-motion', 'motion', '/operations'],
  ['not-found', 'normal', '/sky'],
].filter(([name]) => name.includes(only));
/** States in which the browser itself logs a refused request. */
const refused = /away|stale|no-picture|log-in|job-gone|image-gone|files/;

const set = (scenario) => fetch(`${base}/mock/set?scenario=${scenario}`);
const browser = await chromium.launch({
  executablePath: process.env.VEDETTE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
let found = 0;

for (const [name, scenario, path, ...steps] of looks) {
  for (const width of [1440, 1024, 360]) {
    for (const colorScheme of ['light', 'dark']) {
      await set(scenario);
      const context = await browser.newContext({ viewport: { width, height: width < 500 ? 780 : 900 }, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const problems = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (m) => m.type() === 'error' && !refused.test(name) && problems.push(m.text()));
      await page.goto(base + path);
      await page.waitForTimeout(2500);
      for (const step of steps) {
        await step(page);
        await page.waitForTimeout(500);
      }
      const isOver = await page.locator('dialog[open], [popover]:popover-open').count();
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: !isOver });
      const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (sticksOut > 0) problems.push(`sticks out by ${sticksOut} px`);
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => (await window.axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`));
      problems.push(...violations);
      found += problems.length;
      console.log(`${name} ${width} ${colorScheme}: ${problems.length === 0 ? 'clean' : [...new Set(problems)].join('\n    ')}`);
      await context.close();
    }
  }
}
await set('normal');
await browser.close();
process.exitCode = found === 0 ? 0 : 1;
