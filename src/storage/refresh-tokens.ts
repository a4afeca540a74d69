// Refresh tokens, found with their family and child.
import type { Grant } from '../domain/grant.ts';
import type { User } from '../domain/user.ts';
import type { PresentedToken } from '../domain/refresh.ts';
import type { Db } from './database.ts';
import { grantColumns, toGrant } from './grants.ts';
import { sessionIsAlive } from './sessions.ts';
import { statement } from './statement.ts';
import { toUser, userColumns } from './user-rows.ts';

export type FoundRefreshToken = {
  readonly presented: PresentedToken;
  readonly grant: Grant;
  readonly user: User;
  readonly childHash: Buffer | undefined;
};

// refresh_tokens_pkey, grants_pkey, users_pkey, sessions_pkey, refresh_tokens_generation_idx
const find = statement({ tenantId: 'uuid', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('refresh_tokens as t')
    .innerJoin('grants as g', (join) => join.onRef('g.tenant_id', '=', 't.tenant_id').onRef('g.id', '=', 't.grant_id'))
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 'g.tenant_id').onRef('u.id', '=', 'g.user_id'))
    .leftJoin('sessions as s', (join) =>
      join.onRef('s.tenant_id', '=', 'g.tenant_id').onRef('s.id', '=', 'g.session_id'),
    )
    .leftJoin('refresh_tokens as child', (join) =>
      join
        .onRef('child.tenant_id', '=', 't.tenant_id')
        .onRef('child.grant_id', '=', 't.grant_id')
        .on((e) => e('child.generation', '=', e('t.generation', '+', 1))),
    )
    .select([
      't.generation',
      't.rotated_at',
      't.fingerprint',
      't.rotation_key',
      't.rotated_ip',
      't.rotated_user_agent',
      'child.hash as child_hash',
      'child.first_used_at as child_used_at',
      ...userColumns,
      ...grantColumns,
    ])
    .select(sessionIsAlive(p.now, 's').as('session_alive'))
    .where('t.tenant_id', '=', p.tenantId)
    .where('t.hash', '=', p.hash),
);

export async function findRefreshToken(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<FoundRefreshToken | undefined> {
  const row = await find.first(db, { tenantId, hash, now });
  if (!row) return undefined;
  const grant = toGrant(row);
  return {
    grant,
    user: toUser(row),
    childHash: row.child_hash ?? undefined,
    presented: {
      generation: row.generation,
      rotatedAt: row.rotated_at ?? undefined,
      fingerprint: row.fingerprint ?? undefined,
      rotationKey: row.rotation_key ?? undefined,
      rotatedFrom: { ip: row.rotated_ip ?? undefined, userAgent: row.rotated_user_agent ?? undefined },
      childUsed: row.child_used_at !== null,
      family: { clientId: grant.clientId, expiresAt: grant.expiresAt, revoked: grant.revoked, offline: grant.offline },
      sessionAlive: row.session_alive,
      userDisabled: row.disabled_at !== null,
    },
  };
}
