// The part of the examination that needs the database.
import { resolve } from 'node:path';
import type { examineConfig } from '../config/read.ts';
import { Unavailable } from '../domain/errors.ts';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';
import { checkAdministrator } from './administrator.ts';
import { checkDatabase } from './database.ts';
import { checkFirstParty } from './first-party.ts';
import { checkKeys } from './keys.ts';
import { checkOutbox } from './outbox.ts';
import { checkServing } from './serving.ts';
import type { GivenKeys } from './secret-keys.ts';
import { databaseTrouble } from '../start/database-trouble.ts';
import { openStore, type Store } from '../start/database.ts';
import { guarded } from './guarded.ts';

/** The server, the schema, the keys and the users; as far as the one before allows. */
export async function lookAtDatabase(
  { config, unusable }: ReturnType<typeof examineConfig>,
  how: 'start' | 'attach',
  keys: GivenKeys,
  clock: () => number,
): Promise<Finding[]> {
  const poolers: Finding[] = [];
  const store = await openStore(config, how, {
    poolSize: Math.min(2, config.databasePoolSize),
    onPooler: (does) =>
      poolers.push(
        warning(
          'database',
          `Between Signet and PostgreSQL is a pooler that ${does}.`,
          'Set PREPARED_STATEMENTS=false.',
        ),
      ),
  });
  if (!store)
    return how === 'start'
      ? [
          warning(
            'database',
            `There is no database in DATA_DIR (${resolve(config.dataDir)}) yet.`,
            'Start Signet, which makes one, or set DATA_DIR or DATABASE_URL as the server has it.',
          ),
        ]
      : [
          warning(
            'database',
            'The embedded PostgreSQL does not run, and was not started because of what is wrong with DATA_DIR.',
            'Correct that first, then run this again.',
          ),
        ];
  try {
    const channels = [...(config.mail ? (['mail'] as const) : []), ...(config.sms ? (['sms'] as const) : [])];
    const deps = { db: store.database, clock, channels };
    await whenReached(() => store.database.ensureSettings());
    const server = [...poolers, ...(await whenReached(() => checkDatabase(deps, config.databasePoolSize)))];
    const schema = await guarded('schema', () => checkSchema(store, config.databaseUrl));
    if (schema.some(({ severity }) => severity === 'problem')) return [...server, ...schema];
    return [
      ...server,
      ...schema,
      ...(await guarded('database', () => checkServing(deps))),
      ...(await guarded('signing-keys', () => checkKeys(deps, keys))),
      ...(await guarded('administrator', () =>
        checkAdministrator(deps, unusable.has('PUBLIC_URL') ? undefined : config.publicUrl),
      )),
      ...(await guarded('first-party', () => checkFirstParty(deps))),
      ...(await guarded('outbox', () => checkOutbox(deps, { sent: channels }))),
    ];
  } catch (error) {
    const cause = error instanceof Unavailable ? error.cause : error;
    const trouble = databaseTrouble(cause, config.databaseUrl);
    if (!trouble) throw error;
    return [
      problem('database', `The PostgreSQL of DATABASE_URL ${trouble.seen}. Nothing in it was looked at.`, trouble.todo),
    ];
  } finally {
    await store.close();
  }
}

/** A machine that is busy for a moment is not out of reach: only what stays silent is. */
async function whenReached<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isSilence = error instanceof Unavailable && /timeout/i.test(String(error.cause));
      if (!isSilence || attempt === 3) throw error;
    }
  }
}

async function checkSchema(store: Store, databaseUrl: string | undefined): Promise<Finding[]> {
  try {
    const pending = await store.pending();
    if (pending.length === 0) return [ok('schema', 'The database has every migration of this version.')];
    return [
      problem(
        'schema',
        `The database lacks ${pending.length === 1 ? 'a migration' : `${pending.length} migrations`} of this version (${pending.join(', ')}). Keys and users were not looked at.`,
        'Run "signet migrate", or start this version of the server, which does the same.',
      ),
    ];
  } catch (error) {
    // Said as a whole, cure included, when it is no matter of versions.
    const { cause } = error as Error;
    const trouble = cause ? databaseTrouble(cause, databaseUrl) : undefined;
    if (trouble)
      return [problem('schema', `PostgreSQL ${trouble.seen}. Keys and users were not looked at.`, trouble.todo)];
    return [
      problem(
        'schema',
        `${(error as Error).message} Keys and users were not looked at.`,
        'Install the version of Signet that this database belongs to; migrations are never taken back or edited.',
      ),
    ];
  }
}
