// Half-done sign-ins, made behind the server's back: each of a user of its own, who has what a real person has.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { recoveryCode, recoveryCodeBytes } from '../src/crypto/recovery-codes.ts';
import type { Deps } from '../src/deps.ts';
import { firstPartyClientId } from '../src/domain/client.ts';
import type { RequestContext } from '../src/domain/context.ts';
import { acrValues, halfDoneFor } from '../src/domain/factors.ts';
import { uuidv7 } from '../src/domain/uuid.ts';
import { makePartialToken } from '../src/flows/first-party/partial-token.ts';
import { withKnownBrowser } from '../src/flows/sign-in/known-browsers.ts';
import { openedTotpSecret, sealTotpSecret } from '../src/flows/sign-in/totp-secret.ts';
import type { Bench } from './targets.ts';
import type { Target } from './world.ts';

/** As many recovery codes as Signet gives a person. */
const codesOfEach = 10;

/** What its person sends: the partial token, and one of the codes. */
export type HalfDone = { readonly token: string; readonly codes: readonly string[] };

/** Fresh ones: copies of the recorded one, its user and their credentials, with everything that must be unique made anew. */
export async function makeHalfDone(
  { box, databases, recorded }: Bench,
  { name, issuer }: Target,
  units: number,
): Promise<HalfDone[]> {
  const client = new pg.Client({ connectionString: databases[name as 'floor' | 'signet'] });
  await client.connect();
  try {
    const template = await readTemplate(client, recorded.firstParty.half);
    // All that the functions of Signet need that make the same for it.
    const deps = { box, random: (bytes: number) => randomBytes(bytes) } as Deps;
    const context = { tenant: { id: template.tenantId, issuer }, now: Date.now() } as RequestContext;
    const made: Made[] = [];
    for (let i = 0; i < units; i += 1) made.push(await makeOne(deps, context, template));
    const { userId, credentialIds, attemptId } = template;
    const copy = (table: string, id: string, changes: readonly object[]) => insertCopies(client, table, id, changes);
    await copy(
      'users',
      userId,
      made.map(({ user }) => user),
    );
    for (const kind of kinds)
      await copy(
        'credentials',
        credentialIds[kind],
        made.flatMap(({ credentials }) => credentials[kind]),
      );
    await copy(
      'sign_in_attempts',
      attemptId,
      made.map(({ attempt }) => attempt),
    );
    return made.map(({ half }) => half);
  } finally {
    await client.end();
  }
}

const kinds = ['password', 'totp', 'recovery_code'] as const;
type Kind = (typeof kinds)[number];

type Template = {
  readonly tenantId: string;
  readonly userId: string;
  readonly attemptId: string;
  /** What was asked for at the first factor. */
  readonly request: object;
  /** One credential of each kind. */
  readonly credentialIds: Readonly<Record<Kind, string>>;
  readonly sealedTotp: string;
};

async function readTemplate(client: pg.Client, half: { userId: string; attemptId: string }): Promise<Template> {
  const attempts = await client.query<{ tenant_id: string; request: object }>(
    'SELECT tenant_id, request FROM sign_in_attempts WHERE id = $1',
    [half.attemptId],
  );
  const { rows } = await client.query<{ kind: Kind; id: string; secret: string }>(
    'SELECT DISTINCT ON (kind) kind, id, secret FROM credentials WHERE user_id = $1',
    [half.userId],
  );
  const { tenant_id: tenantId, request } = attempts.rows[0]!;
  const credentialIds = Object.fromEntries(rows.map(({ kind, id }) => [kind, id])) as Record<Kind, string>;
  return { ...half, tenantId, request, credentialIds, sealedTotp: rows.find(({ kind }) => kind === 'totp')!.secret };
}

/** What the copies have in the place of what the template has, by column. */
type Made = {
  readonly half: HalfDone;
  readonly user: object;
  readonly credentials: Readonly<Record<Kind, readonly object[]>>;
  readonly attempt: object;
};

async function makeOne(deps: Deps, context: RequestContext, template: Template): Promise<Made> {
  const { tenant, now } = context;
  const newId = () => uuidv7(now, randomBytes(10));
  const userId = newId();
  const attemptId = randomBytes(18).toString('base64url');
  const { token, hash } = await makePartialToken(deps, context, { attemptId, userId, clientId: firstPartyClientId });
  const totpSecret = openedTotpSecret(deps, tenant.id, template.userId, {
    id: 'recorded',
    sealed: template.sealedTotp,
  })!;
  const codes = Array.from({ length: codesOfEach }, () => recoveryCode(randomBytes(recoveryCodeBytes)));
  return {
    half: { token, codes: codes.map(({ code }) => code) },
    user: { id: userId, username: userId, username_key: userId },
    credentials: {
      password: [{ id: newId(), user_id: userId }],
      totp: [{ id: newId(), user_id: userId, secret: sealTotpSecret(deps, tenant.id, userId, totpSecret) }],
      recovery_code: codes.map((code) => ({ id: newId(), user_id: userId, secret: code.hash, last_used_at: null })),
    },
    attempt: {
      id: attemptId,
      token_hash: `\\x${hash.toString('hex')}`,
      user_id: userId,
      request: {
        ...template.request,
        device: withKnownBrowser(deps, tenant.id, undefined, { userId, acr: acrValues[1] }),
      },
      finished_at: null,
      created_at: new Date(now),
      expires_at: new Date(now + halfDoneFor),
    },
  };
}

/** One copy of the row for each of `changes`. */
async function insertCopies(client: pg.Client, table: string, id: string, changes: readonly object[]): Promise<void> {
  await client.query(
    `INSERT INTO ${table}
     SELECT copy.* FROM ${table} AS template, jsonb_array_elements($2::jsonb) AS made (changes),
       LATERAL jsonb_populate_record(template, made.changes) AS copy
     WHERE template.id = $1`,
    [id, JSON.stringify(changes)],
  );
}
