// The signing keys of all tenants: whether they can sign, can be opened, and go on in their lives.
import type { Deps } from '../deps.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';
import { algsOf, keyLife } from '../domain/key-life.ts';
import { lackingKeys, lateKeys } from '../storage/doctor-keys.ts';
import { someTenant } from '../storage/tenants.ts';
import { checkOpening, type GivenKeys } from './secret-keys.ts';

/** Milliseconds by which a step may be late: maintenance looks every minute, and again an hour after a step had to wait. */
const leeway = 24 * 3600_000;

/** Also finds what is sealed or recognized with which of the keys of SECRET_KEY. */
export async function checkKeys({ db, clock }: Pick<Deps, 'db' | 'clock'>, given: GivenKeys): Promise<Finding[]> {
  if (!(await someTenant(db)))
    return [ok('signing-keys', 'Nothing has been set up yet: keys are made at the first start.')];
  const now = clock();
  const findings: Finding[] = [];
  for (const { tenant, alg } of await lackingKeys(db, algsOf([])))
    findings.push(
      problem(
        'signing-keys',
        `The tenant ${tenant} has no active ${alg} key, and signs nothing with ${alg}.`,
        `Run "signet keys rotate --now --alg ${alg} --tenant ${tenant}".`,
      ),
    );
  for (const key of await lateKeys(db, now - leeway, now - keyLife.active - leeway))
    findings.push(
      problem(
        'signing-keys',
        `The ${key.alg} key ${key.kid} of the tenant ${key.tenant} has been ${key.state} since ${day(key.since)}; its next step is more than a day late.`,
        'Maintenance does not run: see that a server of this version runs, and look in its log for "maintenance" and "keys".',
      ),
    );
  const opening = await checkOpening(db, given);
  if (![...findings, ...opening].some(({ check }) => check === 'signing-keys'))
    findings.push(ok('signing-keys', 'Every tenant can sign; its keys open and are in time.'));
  return [...findings, ...opening];
}

function day(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
