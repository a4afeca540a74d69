// The database server: its version, its role, its connections and its clock.
import type { Deps } from '../deps.ts';
import { clockDifference, clocksApart } from '../domain/clock.ts';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';
import { databaseTime } from '../storage/clock.ts';
import { type ServerFacts, serverFacts } from '../storage/doctor-server.ts';
import { checkDurability } from '../start/durability.ts';

/** Major versions that Signet was tried with. */
const versions = { oldest: 15, newest: 18 } as const;

/** Milliseconds. */
const skew = { warning: 1000, problem: 5000 } as const;

/** @throws Unavailable when it cannot be reached. */
export async function checkDatabase(deps: Pick<Deps, 'db' | 'clock'>, poolSize: number): Promise<Finding[]> {
  const facts = await serverFacts(deps.db);
  return [
    checkVersion(facts),
    ...checkRole(facts),
    ...(await checkDurability(deps)),
    checkConnections(facts, poolSize),
    await checkClock(deps),
  ];
}

function checkVersion({ major }: ServerFacts): Finding {
  const range = `${versions.oldest} to ${versions.newest}`;
  if (major < versions.oldest)
    return problem('database', `PostgreSQL ${major} is too old.`, `Upgrade PostgreSQL to one of ${range}.`);
  if (major > versions.newest)
    return warning(
      'database',
      `PostgreSQL ${major} is newer than what this version of Signet was tried with.`,
      `Use PostgreSQL ${range}, or a newer Signet.`,
    );
  return ok('database', `PostgreSQL ${major} answers.`);
}

function checkRole({ isStandby }: ServerFacts): Finding[] {
  if (!isStandby) return [];
  return [
    problem(
      'database',
      'This PostgreSQL is a standby: it follows another server and takes no writes.',
      'Let DATABASE_URL lead to the primary, and after a failover to the new one.',
    ),
  ];
}

function checkConnections({ slots, takenByOthers }: ServerFacts, poolSize: number): Finding {
  const less = (most: number) => `Set DATABASE_POOL_SIZE to ${Math.max(1, most)} or less`;
  if (poolSize > slots)
    return problem(
      'connections',
      `DATABASE_POOL_SIZE is ${poolSize}, but PostgreSQL gives this role ${slots} connections at most.`,
      `${less(slots)}, or raise max_connections (or the role's or database's limit) in PostgreSQL.`,
    );
  if (poolSize > slots - takenByOthers)
    return warning(
      'connections',
      `DATABASE_POOL_SIZE is ${poolSize}, but other programs have ${takenByOthers} of the ${slots} connections.`,
      `${less(slots - takenByOthers)}, raise max_connections in PostgreSQL, or put a pooler in between.`,
    );
  const processes = Math.floor((slots - takenByOthers) / poolSize);
  return ok(
    'connections',
    `${slots} connections are enough for ${processes === 1 ? 'one process' : `${processes} processes`} of ${poolSize}.`,
  );
}

async function checkClock({ db, clock }: Pick<Deps, 'db' | 'clock'>): Promise<Finding> {
  const asked = clock();
  const there = await databaseTime(db);
  const ahead = clockDifference(there, asked, clock());
  const difference = Math.abs(ahead);
  if (difference <= skew.warning) return ok('clock', 'The clocks of this machine and of the database agree.');
  const seen = clocksApart(ahead);
  const todo =
    'Let both machines set their clocks by NTP (timedatectl shows whether one does). Tokens and codes end too early or too late until then.';
  return difference > skew.problem ? problem('clock', seen, todo) : warning('clock', seen, todo);
}
