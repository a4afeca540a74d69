// Which kinds of credentials are second factors, as SQL lists them.
import { sql } from 'kysely';
import { secondFactorMethods } from '../domain/factors.ts';

/** All of them. */
export const factorKinds = listed(secondFactorMethods);

/** Without recovery codes, which are there beside one of these only, and once each. */
export const lastingFactorKinds = listed(secondFactorMethods.filter((method) => method !== 'recovery_code'));

function listed(kinds: readonly string[]) {
  return sql.join(kinds.map((kind) => sql.lit(kind)));
}
