import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const api = process.env.VEDETTE_URL ?? 'http://127.0.0.1:5180';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // CMake builds into its own folder (--outDir); the size that counts is the compressed one.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    emptyOutDir: true,
  },
  worker: { format: 'es' },
  server: { host: '127.0.0.1', proxy: { '/api': api, '/healthz': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
