// A server of a spec's own, for what the shared one must not be disturbed by: `const own = await startServer({...})`.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from './page.mjs';

const program = process.env.VEDETTE_PROGRAM ?? fileURLToPath(new URL('../../../build/release/src/app/vedette', import.meta.url));
/** What the stage sets for the shared server is nothing to this one. */
const clean = { ...process.env, VEDETTE_URL: undefined, VEDETTE_PROGRAM: undefined };

const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** Runs `vedette` with those words; what it printed. */
export async function vedette(...words) {
  const { stdout } = await promisify(execFile)(program, words, { env: clean, maxBuffer: 1 << 26 });
  return stdout;
}

/** A fresh folder, a free port, SQLite; `folder` is the spec's to fill. */
export async function startServer(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vedette-own-'));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const process = spawn(program, ['serve', '--data', join(folder, 'data'), '--listen', address], { stdio: 'ignore', env: { ...clean, ...environment } });
  await eventually('the server is ready', () => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false), 60_000);
  return {
    url,
    folder,
    async stop() {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
