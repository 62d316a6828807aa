import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: {
      'kubesphere-federation/testing': `${root}src/testing/index.ts`,
      'kubesphere-federation': `${root}src/index.ts`,
    },
  },
  test: {
    reporters: ['default', `${root}test/summary-reporter.ts`],
    testTimeout: 30_000,
    // Delays of the sandbox are those of the wall's clock: more at once than there are cores blurs them.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['test/real/**', 'test/**/*.contract.test.ts'],
        },
      },
      { extends: true, test: { name: 'contract', include: ['test/**/*.contract.test.ts'], exclude: ['test/real/**'] } },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
