// Grants as administrators see them: of the whole tenant, of one user or one client, newest first.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { sessionIsAlive } from './sessions.ts';
import { type Markers, type Part, statement } from './statement.ts';

/** Times in milliseconds. */
export type ListedGrant = {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  /** It was not revoked, and its session stands unless it outlives it: what of its tokens has not expired works. */
  readonly stands: boolean;
};

type Row = {
  id: string;
  client_id: string;
  user_id: string | null;
  session_id: string | null;
  scopes: string[];
  resources: string[];
  offline: boolean;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  stands: boolean;
};

const asked = { tenantId: 'uuid', now: 'timestamptz' } as const;
type Asked = Markers<typeof asked>;

const stands = (p: Asked) => sql`(g.revoked_at IS NULL AND (g.offline OR ${sessionIsAlive(p.now, 's')}))`;

const grants = (p: Asked, which: Part): RawBuilder<Row> =>
  sql<Row>`SELECT g.id, g.client_id, g.user_id, g.session_id, g.scopes, g.resources, g.offline, g.created_at, g.expires_at, g.revoked_at,
      ${stands(p)} AS stands
    FROM grants g LEFT JOIN sessions s ON s.tenant_id = g.tenant_id AND s.id = g.session_id
    WHERE g.tenant_id = ${p.tenantId} AND ${which}`;

const paged = { ...asked, before: 'uuid', limit: 'integer' } as const;

const page = (p: Markers<typeof paged>, which: Part) =>
  grants(
    p,
    sql`${which} AND g.id < ${p.before} AND g.expires_at > ${p.now} AND ${stands(p)} ORDER BY g.id DESC LIMIT ${p.limit}`,
  );

// grants_pkey read backwards, sessions_pkey. An id begins with the time when it was made.
const ofTenant = statement(paged, (_q, p) => page(p, sql`TRUE`));

// grants_by_user_idx read backwards, sessions_pkey
const ofUser = statement({ ...paged, userId: 'uuid' }, (_q, p) => page(p, sql`g.user_id = ${p.userId}`));

// grants_client_idx read backwards, sessions_pkey
const ofClient = statement({ ...paged, clientId: 'text' }, (_q, p) => page(p, sql`g.client_id = ${p.clientId}`));

// grants_user_idx, or grants_by_user_idx read backwards; sessions_pkey
const ofBoth = statement({ ...paged, userId: 'uuid', clientId: 'text' }, (_q, p) =>
  page(p, sql`g.user_id = ${p.userId} AND g.client_id = ${p.clientId}`),
);

const beforeAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Up to `limit` living grants of the tenant, of `userId`, of `clientId` or of both, newest first; those made before the grant `after`. */
export async function listLivingGrants(
  db: Db,
  tenantId: string,
  {
    userId,
    clientId,
    after,
    limit,
  }: {
    readonly userId: string | undefined;
    readonly clientId: string | undefined;
    readonly after: string | undefined;
    readonly limit: number;
  },
  now: number,
): Promise<ListedGrant[]> {
  const values = { tenantId, now, before: after ?? beforeAll, limit };
  const rows = () => {
    if (userId !== undefined && clientId !== undefined) return ofBoth.all(db, { ...values, userId, clientId });
    if (userId !== undefined) return ofUser.all(db, { ...values, userId });
    return clientId === undefined ? ofTenant.all(db, values) : ofClient.all(db, { ...values, clientId });
  };
  return (await rows()).map(toListed);
}

// grants_pkey, sessions_pkey
const byId = statement({ ...asked, id: 'uuid' }, (_q, p) => grants(p, sql`g.id = ${p.id}`));

/** Also one that has ended, as long as it is kept. */
export async function findListedGrant(
  db: Db,
  tenantId: string,
  id: string,
  now: number,
): Promise<ListedGrant | undefined> {
  const row = await byId.first(db, { tenantId, id, now });
  return row && toListed(row);
}

function toListed(row: Row): ListedGrant {
  return {
    id: row.id,
    clientId: row.client_id,
    userId: row.user_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    scopes: row.scopes,
    resources: row.resources,
    offline: row.offline,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    stands: row.stands,
  };
}
