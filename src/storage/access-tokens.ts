// What stands behind an access token that the server itself is shown: read each time, so that nothing revoked counts.
import { type Kysely, sql } from 'kysely';
import type { Grant } from '../domain/grant.ts';
import type { User } from '../domain/user.ts';
import type { Db } from './database.ts';
import { grantColumns, toGrant } from './grants.ts';
import { isNotRevoked, type TokenNames } from './revoked-access-tokens.ts';
import { sessionIsAlive } from './sessions.ts';
import type { DB } from './schema.ts';
import { type Markers, statement } from './statement.ts';
import { toUser, userColumns } from './user-rows.ts';

type Asked = {
  tenantId: 'uuid';
  grantId: 'uuid';
  clientId: 'text';
  jti: 'text';
  bit: 'bigint?';
  now: 'timestamptz';
};
const asked = {
  tenantId: 'uuid',
  grantId: 'uuid',
  clientId: 'text',
  jti: 'text',
  bit: 'bigint?',
  now: 'timestamptz',
} as const satisfies Asked;

// grants_pkey, users_pkey, sessions_pkey, clients_pkey, and those of isNotRevoked
function livingGrants(q: Kysely<DB>, p: Markers<Asked>) {
  return q
    .selectFrom('grants as g')
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 'g.tenant_id').onRef('u.id', '=', 'g.user_id'))
    .leftJoin('sessions as s', (join) =>
      join.onRef('s.tenant_id', '=', 'g.tenant_id').onRef('s.id', '=', 'g.session_id'),
    )
    .innerJoin('clients as c', (join) =>
      join.onRef('c.tenant_id', '=', 'g.tenant_id').onRef('c.id', '=', 'g.client_id'),
    )
    .where('g.tenant_id', '=', p.tenantId)
    .where('g.id', '=', p.grantId)
    .where('g.revoked_at', 'is', null)
    .where('u.disabled_at', 'is', null)
    .where('c.disabled_at', 'is', null)
    .where(sql<boolean>`${isNotRevoked(p, p.clientId)}`)
    .where((or) => or.or([or('g.offline', '=', true), sessionIsAlive(p.now, 's')]));
}

const behind = statement(asked, (q, p) => livingGrants(q, p).select([...userColumns, ...grantColumns]));
const userBehind = statement(asked, (q, p) => livingGrants(q, p).select('u.id'));

/** Names a token by its grant, itself and its client, which is another than the grant's where it was exchanged. */
type OfToken = TokenNames & { readonly grantId: string; readonly clientId: string };

/** The id of the user of a living grant, as {@link findLivingGrant}, for whoever needs to know no more. */
export async function findUserOfLivingGrant(
  db: Db,
  tenantId: string,
  { grantId, clientId, jti, bit }: OfToken,
  now: number,
): Promise<string | undefined> {
  return (await userBehind.first(db, { tenantId, grantId, clientId, jti, bit: bit ?? null, now }))?.id;
}

/**
 * The user of a living grant, and the grant; undefined when it, its session, its client or its user no longer stands, or the
 * token was revoked by itself.
 */
export async function findLivingGrant(
  db: Db,
  tenantId: string,
  { grantId, clientId, jti, bit }: OfToken,
  now: number,
): Promise<{ user: User; grant: Grant } | undefined> {
  const row = await behind.first(db, { tenantId, grantId, clientId, jti, bit: bit ?? null, now });
  return row && { user: toUser(row), grant: toGrant(row) };
}
