import { defineConfig } from 'vite'

/** The page of the state charts: a bundle of its own, so that the app of the homes stays small. */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../../dist/web/inspect',
    emptyOutDir: true,
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    // The page's policy allows no data: URLs, so that nothing foreign can be smuggled into one.
    assetsInlineLimit: 0,
    // elkjs is 1.6 MB: it lays charts out in a worker of its own, once for each machine.
    chunkSizeWarningLimit: 2_000,
    modulePreload: { polyfill: false },
  },
})
