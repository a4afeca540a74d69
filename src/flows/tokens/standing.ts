// What stands at this moment behind any access token of this server: the client that has it, its person, and the scopes it still has.
import type { Deps } from '../../deps.ts';
import { type Client, scopesOf, tokenExchangeGrant } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Grant } from '../../domain/grant.ts';
import { machineScopes } from '../../domain/machine-scopes.ts';
import { type Act, carriedBefore, clientsOf, scopesStillExchanged } from '../../domain/token-exchange.ts';
import type { User } from '../../domain/user.ts';
import { findLivingGrant, findUserOfLivingGrant } from '../../storage/access-tokens.ts';
import { wasRevoked } from '../../storage/revoked-access-tokens.ts';
import { activeClient } from '../clients/current.ts';
import { statusBitOf } from '../status/token-bit.ts';

type Claims = Readonly<Record<string, unknown>>;

/** `scopes`: of those that the token says, what its client may still have. */
export type Standing = { readonly scopes: readonly string[] };
export type Person = { readonly grant: Grant; readonly user: User };
/** `through`: the clients that it came through, whose end ends it. */
type Through = Standing & { readonly through: readonly Client[] };
/** `person`: undefined for a token of a client for itself. */
export type StandingToken = Through & { readonly person: Person | undefined };

/** RFC 6749 4.4, RFC 8693, RFC 9068: undefined for a token that stands no more. `claims`: of {@link accessTokenClaims}. One round trip. */
export async function standingToken(
  deps: Deps,
  context: RequestContext,
  claims: Claims,
): Promise<StandingToken | undefined> {
  const { tenant, now } = context;
  const holder = await activeClient(deps, tenant, String(claims['client_id']));
  if (!holder) return undefined;
  const { grant_id: grantId } = claims;
  if (typeof grantId !== 'string') {
    const ofClient = await standingOfClient(deps, context, holder, claims);
    return ofClient && { ...ofClient, person: undefined, through: [holder] };
  }
  const person = await findLivingGrant(deps.db, tenant.id, { grantId, ...namesOf(context, holder, claims) }, now);
  if (person?.user.id !== claims['sub']) return undefined;
  if (claims['act'] === undefined) {
    const scopes = stillHad(scopesOf(holder.metadata), claims);
    return scopes && { scopes, person: person!, through: [holder] };
  }
  if (!holder.metadata.grant_types.includes(tokenExchangeGrant)) return undefined;
  const through = await stillExchanged(deps, context, person!.grant, claims);
  return through && { ...through, person: person! };
}

/** The same, for who needs to know no more: nothing of the person is read where no policy asks for it. */
export async function standing(deps: Deps, context: RequestContext, claims: Claims): Promise<Standing | undefined> {
  const { grant_id: grantId, act } = claims;
  if (typeof grantId !== 'string' || act !== undefined) return standingToken(deps, context, claims);
  const { tenant, now } = context;
  const holder = await activeClient(deps, tenant, String(claims['client_id']));
  if (!holder) return undefined;
  const userId = await findUserOfLivingGrant(deps.db, tenant.id, { grantId, ...namesOf(context, holder, claims) }, now);
  if (userId !== claims['sub']) return undefined;
  const scopes = stillHad(scopesOf(holder.metadata), claims);
  return scopes && { scopes };
}

/** Of a client for itself (RFC 6749 4.4): it stands with the client and its registration. */
async function standingOfClient(
  deps: Deps,
  context: RequestContext,
  holder: Client,
  claims: Claims,
): Promise<Standing | undefined> {
  const { tenant } = context;
  if (claims['sub'] !== holder.id || !holder.metadata.grant_types.includes('client_credentials')) return undefined;
  if (await wasRevoked(deps.db, tenant.id, namesOf(context, holder, claims))) return undefined;
  const scopes = stillHad(machineScopes(tenant, holder), claims);
  return scopes && { scopes };
}

/** Every client that it came through stands as well, and may still exchange, and carry what it carried. */
async function stillExchanged(
  deps: Deps,
  { tenant }: RequestContext,
  grant: Grant,
  claims: Claims,
): Promise<Through | undefined> {
  const origin = await activeClient(deps, tenant, grant.clientId);
  const chain = await Promise.all(clientsOf(claims['act'] as Act).map((id) => activeClient(deps, tenant, id)));
  const carriers = await Promise.all(
    carriedBefore(claims).map(async ({ client: id, to }) => ({ client: await activeClient(deps, tenant, id), to })),
  );
  const mayExchange = (one: Client | undefined): one is Client =>
    one?.metadata.grant_types.includes(tokenExchangeGrant) ?? false;
  if (!origin || !chain.every((one) => one !== undefined)) return undefined;
  if (!carriers.every((one): one is { client: Client; to: string } => mayExchange(one.client))) return undefined;
  const scopes = scopesStillExchanged(saidBy(claims), { origin, carriers });
  return scopes.length === 0 ? undefined : { scopes, through: [origin, ...chain] };
}

function namesOf({ tenant }: RequestContext, holder: Client, claims: Claims) {
  return { clientId: holder.id, jti: String(claims['jti']), bit: statusBitOf(tenant, claims) ?? undefined };
}

function saidBy({ scope }: Claims): readonly string[] {
  return String(scope)
    .split(' ')
    .filter((one) => one !== '');
}

/** Without what was taken from the registration since; undefined when nothing is left of something. */
function stillHad(may: readonly string[], claims: Claims): readonly string[] | undefined {
  return scopesLeft(may, saidBy(claims));
}

/** Of these scopes those that one may have now; undefined when nothing is left of something. */
export function scopesLeft(may: readonly string[], scopes: readonly string[]): readonly string[] | undefined {
  const left = scopes.filter((scope) => may.includes(scope));
  return left.length === 0 && scopes.length > 0 ? undefined : left;
}
