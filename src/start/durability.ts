// Settings of PostgreSQL under which what was acknowledged can be lost.
import type { Deps } from '../deps.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';
import { type WrongSetting, wrongSettings } from '../storage/doctor-server.ts';

const harm: Readonly<Record<WrongSetting['name'], string>> = {
  fsync: 'After a power cut the database may be damaged, and what was acknowledged is lost.',
  full_page_writes: 'After a power cut pages of the database may be torn, and nothing notices.',
  synchronous_commit: 'After a crash the last answers, revocations among them, are lost although they were given.',
  default_transaction_read_only: 'Nothing can be written, so nobody can sign in.',
};

/** Whether what PostgreSQL acknowledges stays, and whether it takes writes at all. */
export async function checkDurability({ db }: Pick<Deps, 'db'>): Promise<Finding[]> {
  const found = await wrongSettings(db);
  if (found.length === 0) return [ok('durability', 'PostgreSQL keeps what it acknowledges.')];
  return found.map(({ name, value, cure }) =>
    problem('durability', `${name} is ${value}. ${harm[name]}`, `In PostgreSQL: ${cure}`),
  );
}

/** The same as sentences for the log and the terminal; none when all is well. */
export async function durabilityWarnings(deps: Pick<Deps, 'db'>): Promise<string[]> {
  const found = await checkDurability(deps);
  return found.flatMap(({ seen, todo }) => (todo === undefined ? [] : [`${seen} ${todo}`]));
}
