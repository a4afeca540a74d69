// How the tests run: one PostgreSQL for all, a cloned database for each file.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/last-answers.ts'],
    pool: 'forks',
    // One more than a small machine has cores: many tests wait for something.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What another process does takes as long as the machine lets it.
    expect: { poll: { timeout: 20_000, interval: 20 } },
  },
});
