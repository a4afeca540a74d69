// The signing keys of all tenants: whether they can sign, open with SECRET_KEY, and go on in their lives.
import { type SecretBox, secretBox } from '../../crypto/secret-box.ts';
import type { Deps } from '../../deps.ts';
import { signingAlgs } from '../../domain/client.ts';
import { type Finding, ok, problem } from '../../domain/finding.ts';
import { keyLife } from '../../domain/key-life.ts';
import { lackingKeys, lateKeys, sealedKeys } from '../../storage/key-trouble.ts';
import { opensPrivateKey } from '../keys.ts';

/** Milliseconds by which a step may be late: maintenance looks every minute, and again an hour after a step had to wait. */
const leeway = 24 * 3600_000;

/** `secretKeys`: the keys of SECRET_KEY, none when there is none; undefined when they are not known. */
export async function checkKeys(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  secretKeys: readonly Uint8Array[] | undefined,
): Promise<Finding[]> {
  const now = clock();
  const findings: Finding[] = [];
  for (const { tenant, alg } of await lackingKeys(db, signingAlgs))
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
  if (secretKeys) findings.push(...(await checkOpening(db, secretKeys.length > 0 ? secretBox(secretKeys) : undefined)));
  return findings.length > 0 ? findings : [ok('signing-keys', 'Every tenant can sign, and its keys are in time.')];
}

async function checkOpening(db: Deps['db'], box: SecretBox | undefined): Promise<Finding[]> {
  let closed = 0;
  let example = '';
  for await (const { tenantId, kid, sealed } of sealedKeys(db)) {
    if (box && opensPrivateKey(box, tenantId, kid, sealed)) continue;
    closed += 1;
    example ||= kid;
  }
  if (closed === 0) return [];
  return [
    problem(
      'signing-keys',
      `${box ? 'SECRET_KEY does not open' : 'There is no SECRET_KEY to open'} ${closed === 1 ? 'a signing key' : `${closed} signing keys`}, ${example} among them.`,
      'Give SECRET_KEY as it was, or as "new,old" to replace it. With the embedded database it is the file secret-key in DATA_DIR.',
    ),
  ];
}

function day(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
