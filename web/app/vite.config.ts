import { defineConfig } from 'vite'

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/web/app',
    emptyOutDir: true,
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    // The page's policy allows no data: URLs, so that nothing foreign can be smuggled into one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
