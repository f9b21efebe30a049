import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    {
      name: 'icons-as-text',
      enforce: 'pre',
      load: id => (id.endsWith('.svg') ? 'export default "<svg></svg>"' : undefined),
    },
  ],
  oxc: { jsx: { runtime: 'automatic' } },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
    server: { deps: { inline: [/@jupyterlab\//, /@lumino\//, /@jupyter\//, /y-protocols/] } },
  },
});
