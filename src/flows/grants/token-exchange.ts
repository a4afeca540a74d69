// The token exchange grant: a service gets a narrower token for the next one, in exchange for the one it was called with.
import type { Deps } from '../../deps.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import type { AuditEvent } from '../../domain/audit.ts';
import { type Client, isPublic } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import {
  accessTokenTypeUri,
  type Act,
  actedBy,
  audiencesOf,
  exchangeAllowed,
  mostActors,
  servesOneOf,
} from '../../domain/token-exchange.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { keepExchangedBit } from '../../storage/exchanged-tokens.ts';
import { tenantResources } from '../clients/current.ts';
import { eventOf, record } from '../events.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { accessTokenClaims } from '../tokens/access-token-claims.ts';
import { type Person, type StandingToken, standingToken } from '../tokens/standing.ts';
import { scopesAsked } from './asked.ts';
import { mintTokens } from './mint.ts';

type Claims = Readonly<Record<string, unknown>>;
type Presented = { readonly claims: Claims; readonly token: StandingToken };
type Subject = Pick<StandingToken, 'scopes' | 'through'> & { readonly claims: Claims } & Person;

/**
 * RFC 8693 2: an access token for one other resource, with no scope, lifetime or authentication that the subject token lacks. It
 * ends with the grant of the subject token. Without an actor token the client is the actor. Three round trips at most.
 * @throws OAuthError invalid_request, also for a token that does not stand; invalid_target, invalid_scope.
 */
export async function tokenExchangeGrant(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
): Promise<TokenResponse> {
  // Registered for it no public client can be; what is stored may have come by another way.
  if (isPublic(client.metadata))
    throw new OAuthError('unauthorized_client', 'This grant is for clients that prove who they are.');
  const asked = askedBy(params);
  const subject = await subjectOf(deps, context, asked.subjectToken);
  try {
    const actor = asked.actorToken === undefined ? undefined : await actorOf(deps, context, client, asked.actorToken);
    return await exchanged(deps, context, client, { ...asked, subject, actor });
  } catch (error) {
    if (error instanceof OAuthError) await record(deps, deps.db, context, refused(client, subject, error.code));
    throw error;
  }
}

/** RFC 8693 2.1. */
function askedBy(params: Params) {
  const subjectToken = params.get('subject_token');
  if (subjectToken === undefined) throw new OAuthError('invalid_request', 'subject_token is missing.');
  assertAccessToken(params, 'subject_token_type');
  const actorToken = params.get('actor_token');
  if (actorToken !== undefined) assertAccessToken(params, 'actor_token_type');
  else if (params.get('actor_token_type') !== undefined)
    throw new OAuthError('invalid_request', 'actor_token_type is there without an actor_token.');
  if (params.get('requested_token_type') !== undefined) assertAccessToken(params, 'requested_token_type');
  const scopes = scopesAsked(params);
  if (scopes?.length === 0) throw new OAuthError('invalid_scope', 'scope is empty.');
  return { subjectToken, actorToken, scopes, targets: [...params.all('resource'), ...params.all('audience')] };
}

function assertAccessToken(params: Params, name: string): void {
  const type = params.get(name);
  if (type !== accessTokenTypeUri)
    throw new OAuthError('invalid_request', `${name} must be ${accessTokenTypeUri}: no others are exchanged.`);
}

/** Whatever was issued to or for whom: it stands, and a person is behind it. */
async function subjectOf(deps: Deps, context: RequestContext, accessToken: string): Promise<Subject> {
  const { claims, token } = await presented(deps, context, accessToken, 'subject_token');
  const { person, scopes, through } = token;
  if (!person)
    throw new OAuthError('invalid_request', 'The subject token is of a program, which asks for tokens itself.');
  if (audiencesOf(claims).includes(adminApiOf(context.tenant.issuer)))
    throw new OAuthError('invalid_request', 'A token for the admin API is for nobody else.');
  return { claims, scopes, through, ...person };
}

/** RFC 8693 4.4: who acts, of a token that was issued to the client or for a resource that it serves. */
async function actorOf(deps: Deps, context: RequestContext, client: Client, accessToken: string): Promise<Presented> {
  const actor = await presented(deps, context, accessToken, 'actor_token');
  const isIts = actor.claims['client_id'] === client.id || servesOneOf(client.metadata, audiencesOf(actor.claims));
  if (!isIts)
    throw new OAuthError(
      'invalid_request',
      'The actor token was neither issued to this client nor for a resource that it serves.',
    );
  return actor;
}

async function presented(deps: Deps, context: RequestContext, accessToken: string, name: string): Promise<Presented> {
  const claims = await accessTokenClaims(deps, context, accessToken);
  const token = claims && (await standingToken(deps, context, claims));
  if (!token)
    throw new OAuthError(
      'invalid_request',
      `The ${name} was not issued here as an access token, or has expired or ended: whoever sent it needs another one.`,
    );
  return { claims, token };
}

async function exchanged(
  deps: Deps,
  context: RequestContext,
  client: Client,
  {
    subject,
    actor,
    targets,
    scopes,
  }: {
    readonly subject: Subject;
    readonly actor: Presented | undefined;
    readonly targets: readonly string[];
    readonly scopes: readonly string[] | undefined;
  },
): Promise<TokenResponse> {
  const { tenant } = context;
  const { claims, grant, user } = subject;
  const actingSub = actor === undefined ? undefined : String(actor.claims['sub']);
  const allowed = exchangeAllowed(
    tenant,
    { targets, scopes },
    {
      client,
      claims,
      scopes: subject.scopes,
      actor: actingSub,
      known: await tenantResources(deps, tenant),
      own: [tenant.issuer, adminApiOf(tenant.issuer)],
    },
  );
  if ('error' in allowed) throw new OAuthError(allowed.error, allowed.description);
  const act = actedBy(actingSub ?? client.id, client.id, claims['act'] as Act | undefined);
  if (!act)
    throw new OAuthError('invalid_request', `The token has been passed on ${mostActors} times: that is enough.`);

  // Once each, without the one that gets the token: it is named by itself.
  const behind = [...subject.through, ...(actor?.token.through ?? [])];
  const through = [...new Map(behind.map((one) => [one.id, one])).values()].filter(({ id }) => id !== client.id);
  const ends = [claims, ...(actor ? [actor.claims] : [])].map(({ exp }) => Number(exp));
  const { response, place } = await mintTokens(deps, context, {
    subject: { kind: 'exchange', grant, user, claims, act, carriedBy: allowed.carriedBy, through },
    client,
    scopes: allowed.scopes,
    resources: [allowed.target],
    endsBy: Math.min(...ends),
  });
  const data = { ...parties(subject), actor: act.sub, to: allowed.target, scopes: allowed.scopes };
  const subjectBit = statusBitOf(tenant, claims) ?? undefined;
  if (!place.isNew) await record(deps, deps.db, context, about('token.exchanged', client, subject, data));
  else if (
    !(await keepExchangedBit(
      deps.db,
      tenant.id,
      { grantId: grant.id, clientId: client.id, place, subjectBit, data },
      eventOf(deps, context),
    ))
  )
    throw new OAuthError('invalid_request', 'The subject_token has ended.');
  return { ...response, issued_token_type: accessTokenTypeUri };
}

/** To whom and for whom the token was issued that is exchanged. */
function parties({ claims }: Subject) {
  return { subject_client: claims['client_id'], from: claims['aud'] };
}

function refused(client: Client, subject: Subject, error: string): AuditEvent {
  return about('token.exchange_refused', client, subject, { ...parties(subject), error });
}

function about(
  type: 'token.exchanged' | 'token.exchange_refused',
  client: Client,
  { grant }: Subject,
  data: Readonly<Record<string, unknown>>,
): AuditEvent {
  return {
    type,
    clientId: client.id,
    grantId: grant.id,
    ...(grant.userId !== undefined && { userId: grant.userId }),
    ...(grant.sessionId !== undefined && { sessionId: grant.sessionId }),
    data,
  };
}
