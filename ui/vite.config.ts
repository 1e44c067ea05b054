import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const api = process.env.VEDETTE_URL ?? 'http://127.0.0.1:5180';

/** Tells CMake what the pages were made of, in the form of a compiler's dependency file. */
function dependencyFile(path: string | undefined): Plugin {
  const sources = new Set<string>();
  let outDir = '';
  return {
    name: 'vedette:dependency-file',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    // Also those of the worker, which is a build of its own.
    transform(_, id) {
      const file = id.split('?')[0]!;
      if (file.startsWith(join(import.meta.dirname, 'src'))) sources.add(file);
    },
    closeBundle() {
      if (!path) return;
      const escaped = [...sources].sort().map((file) => file.replaceAll(' ', '\\ '));
      writeFileSync(path, `${join(outDir, 'index.html').replaceAll(' ', '\\ ')}: ${escaped.join(' \\\n  ')}\n`);
    },
  };
}

/** The licences of what the pages carry of others, as those licences ask. */
function licences(): Plugin {
  const carried = ['svelte/LICENSE.md', 'lucide/LICENSE', '@fontsource-variable/inter/LICENSE', 'maplibre-gl/LICENSE.txt', 'topojson-client/LICENSE', 'world-atlas/LICENSE'];
  return {
    name: 'vedette:licences',
    apply: 'build',
    generateBundle() {
      const texts = carried.map((path) => `${path}\n\n${readFileSync(join('node_modules', path), 'utf8').trim()}\n`);
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
    },
  };
}

const dependencies = dependencyFile(process.env.VEDETTE_UI_DEPFILE);

export default defineConfig({
  plugins: [svelte(), dependencies, licences()],
  build: {
    target: ['chrome123', 'firefox125', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    emptyOutDir: true,
  },
  worker: { format: 'es', plugins: () => [dependencies] },
  server: { host: '127.0.0.1', proxy: { '/api': api, '/healthz': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
