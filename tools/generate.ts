// The files that are made from others: `npm run generate` writes them, a test says when they are stale.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { renderConfigurationDoc, renderEnvExample } from './config-docs.ts';
import { openApiDocument } from '../src/http/admin/openapi.ts';
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts';
import { migrate } from '../src/storage/migrate.ts';

const root = join(import.meta.dirname, '..');

/** What the driver is told to make of these types (see src/storage/database.ts and statement.ts). */
const typeMapping = { timestamptz: 'number', int8: 'number', xid8: 'string', jsonb: 'unknown' };

/** Not read by statements: what the migrations keep of themselves, and the parts of a table. */
const excluded = '{signet_migration*,audit_events_*}';

/** Every generated file by its path from the root, with what it should hold now. `databaseUrl` is of a migrated database. */
export async function generatedFiles(databaseUrl: string): Promise<Record<string, string>> {
  return {
    '.env.example': renderEnvExample(),
    'docs/configuration.md': renderConfigurationDoc(),
    'docs/openapi.json': `${JSON.stringify(openApiDocument('https://signet.example'), null, 1)}\n`,
    'src/storage/schema.ts': await schemaOf(databaseUrl),
  };
}

async function schemaOf(databaseUrl: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-schema-'));
  try {
    const file = join(directory, 'schema.ts');
    await promisify(execFile)(process.execPath, [
      join(root, 'node_modules/kysely-codegen/dist/cli/bin.js'),
      '--dialect=postgres',
      `--url=${databaseUrl}`,
      `--out-file=${file}`,
      `--exclude-pattern=${excluded}`,
      `--type-mapping=${JSON.stringify(typeMapping)}`,
    ]);
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-generate-'));
  const postgres = await startEmbeddedPostgres(directory, { durable: false });
  try {
    const { host, user, database } = postgres.connection;
    const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`;
    await migrate({ connectionString: url });
    for (const [path, text] of Object.entries(await generatedFiles(url))) await writeFile(join(root, path), text);
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
