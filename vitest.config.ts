// How the tests run: one PostgreSQL for all, a cloned database for each file.
import { defineConfig } from 'vitest/config';

/** Whole processes that are killed, restarted and restored, and documents that are followed command by command: `npm run test:long`. */
const long = [
  'test/attacks/slow-bodies.test.ts',
  'test/cli/clients.test.ts',
  'test/cli/document.test.ts',
  'test/cli/services.test.ts',
  'test/cli/usage.test.ts',
  'test/docs/guides.test.ts',
  'test/embedded/postgres.test.ts',
  'test/faults/backup-restore.test.ts',
  'test/faults/cli-apply.test.ts',
  'test/faults/data-dir.test.ts',
  'test/faults/outbox-process.test.ts',
  'test/faults/process-refuses.test.ts',
  'test/faults/restored-elsewhere.test.ts',
  'test/faults/rolling-restart.test.ts',
  'test/faults/secret-key-change.test.ts',
  'test/faults/status-lists.test.ts',
  'test/repo/package.test.ts',
  'test/stories/demo-browser.test.ts',
];

const every = ['test/**/*.test.ts'];
const files = {
  all: { include: every },
  long: { include: long },
  short: { include: every, exclude: long },
};

export default defineConfig({
  test: {
    ...files[(process.env['TESTS'] ?? 'all') as keyof typeof files],
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
