// What is generated is fresh: `npm run generate` would change nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { generatedFiles } from '../../tools/generate.ts';
import { root } from '../support/signet-process.ts';

let database: TestDatabase;
let generated: Record<string, string>;
beforeAll(async () => {
  database = await createDatabase();
  generated = await generatedFiles(database.url);
});
afterAll(() => database.drop());

test.each(['.env.example', 'docs/configuration.md', 'src/storage/schema.ts'])(
  '%s is as `npm run generate` writes it',
  async (path) => {
    expect(await readFile(join(root, path), 'utf8')).toBe(generated[path]);
  },
);
