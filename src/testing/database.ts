// The databases of signet/testing: copies, on a PostgreSQL that the whole process shares while anybody uses it.
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { PostgresConnection } from '../embedded/postgres.ts';
import { startThrowawayPostgres, type ThrowawayPostgres } from './throwaway.ts';
import { createDatabase, dropDatabase, urlOfDatabase } from './clone.ts';
import { migrate, schemaDigest } from '../storage/migrate.ts';

export type TestDatabase = { readonly url: string; drop(): Promise<void> };

// Every new database is a copy of it, so that what is done there is done in all of them.
const TEMPLATE = 'template1';

/** A database of its own, on the server of `url` or on the embedded one. @throws Error that says what to do. */
export async function openTestDatabase(url: string | undefined): Promise<TestDatabase> {
  const name = `signet_test_${randomBytes(6).toString('hex')}`;
  if (url !== undefined) {
    await createDatabase(url, name);
    return { url: urlOfDatabase(url, name), drop: () => dropDatabase(url, name) };
  }
  const postgres = await shareEmbedded();
  try {
    await createDatabase(postgres.url, name, TEMPLATE);
  } catch (error) {
    await postgres.release();
    throw error;
  }
  return {
    url: urlOfDatabase(postgres.url, name),
    drop: async () => {
      try {
        await dropDatabase(postgres.url, name);
      } finally {
        await postgres.release();
      }
    },
  };
}

let shared: { readonly postgres: Promise<ThrowawayPostgres>; users: number } | undefined;

/** The last one to release it ends it: nothing is left then. */
async function shareEmbedded(): Promise<{ url: string; release(): Promise<void> }> {
  const mine = (shared ??= { postgres: startEmbedded(), users: 0 });
  mine.users += 1;
  const release = async () => {
    mine.users -= 1;
    if (mine.users > 0) return;
    if (shared === mine) shared = undefined;
    await (await mine.postgres).stop();
  };
  try {
    return { url: urlOf((await mine.postgres).connection), release };
  } catch (error) {
    if (shared === mine) shared = undefined;
    throw new Error(`${(error as Error).message} (startSignet has databaseUrl for that)`, { cause: error });
  }
}

async function startEmbedded(): Promise<ThrowawayPostgres> {
  return startThrowawayPostgres({
    archive: join(cacheFolder(), `postgres-${await clusterKey()}.tar`),
    maxConnections: 200,
    prepare: async (connection) => {
      await migrate({ connectionString: urlOfDatabase(urlOf(connection), TEMPLATE) });
    },
  });
}

/** Beside the packages: who can write there can also change the code that runs here. */
function cacheFolder(): string {
  const own = dirname(dirname(import.meta.dirname));
  const packages = basename(dirname(own)) === 'node_modules' ? dirname(own) : join(own, 'node_modules');
  return join(packages, '.cache', 'signet');
}

async function clusterKey(): Promise<string> {
  const facts = [await schemaDigest(), process.platform, process.arch];
  return createHash('sha256').update(facts.join(' ')).digest('hex').slice(0, 16);
}

function urlOf({ host, user, database }: PostgresConnection): string {
  return `postgres://${user}@${encodeURIComponent(host)}/${database}`;
}
