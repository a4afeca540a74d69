// Signing in by mail without a browser: an application asks, and sends back what its person got by mail with the proof that it asked.
import { isSameHash } from '../../crypto/hash.ts';
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import { signInMailFor } from '../../domain/passwordless.ts';
import { activeClient } from '../clients/current.ts';
import { checkSignInByMail, sendSignInMail, type Way } from '../passwordless/ask.ts';
import { verifyPath } from '../passwordless/browser.ts';
import { checkMailedCode, type FoundMail, hashOfProof, lookAtLink, provenBy } from '../passwordless/prove.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import type { ReservedAttempt } from '../sign-in/limiter.ts';
import { afterFirstFactor } from './after-first-factor.ts';
import { acrValuesFor, askedFor, type AskedFor } from './asked-for.ts';
import { firstPartyClient, type NamedClient, namesItsClient } from './client.ts';
import type { HalfLoggedIn } from './half-done.ts';
import type { LoggedIn } from './session.ts';

/** `expires_in`: of what was mailed, in seconds. */
export type MailAsked = { readonly proof: string; readonly expires_in: number };

/** `redirect_uri`: where a link leads; Signet's own page when it is left out. `device`: of an earlier sign-in. */
export type MailWanted = NamedClient &
  AskedFor & {
    readonly email: string;
    readonly redirect_uri?: string | undefined;
    readonly device?: string | undefined;
  };

/**
 * The same answer, whoever has the address.
 * @throws OAuthError for the client and what it asks for; Refusal not_found, invalid_input, too_many_attempts.
 */
export async function askForSignInMail(
  deps: Deps,
  context: RequestContext,
  way: Way,
  wanted: MailWanted,
): Promise<MailAsked> {
  const { tenant } = context;
  checkSignInByMail(deps, tenant);
  const client = await firstPartyClient(deps, context, wanted);
  const asked = await askedFor(deps, context, client, wanted);
  const target = targetFor(client, wanted.redirect_uri) ?? tenant.issuer + verifyPath;
  const { token: proof, hash } = opaqueToken('signInProof', deps.random(opaqueBytes));
  const by = { kind: 'client', clientId: client.id, ...asked, proof: hash.toString('base64url') } as const;
  const { email, device: known } = wanted;
  await sendSignInMail(deps, context, { email, way, by, target, hash, known });
  return { proof, expires_in: signInMailFor / 1000 };
}

/** RFC 9700 2.1: by comparing strings; what was not registered is no address that a mail of ours leads to. */
function targetFor({ metadata }: Client, redirectUri: string | undefined): string | undefined {
  if (redirectUri === undefined || metadata.redirect_uris?.includes(redirectUri)) return redirectUri;
  throw new OAuthError('invalid_request', 'The redirect_uri is not registered for this client.');
}

/** An access token for a day; it ends with its session. `expires_in` in seconds. */
export type SessionToken = { readonly session_token: string; readonly expires_in: number };

/**
 * Spends the link, for whoever asked for it.
 * @throws OAuthError invalid_grant, and for the client; Refusal password_change_required, unmet_authentication_requirements.
 */
export function verifyLink(
  deps: Deps,
  context: RequestContext,
  {
    token,
    proof,
    device,
    ...named
  }: NamedClient & { readonly token: string; readonly proof: string | undefined; readonly device?: string | undefined },
): Promise<SessionToken | HalfLoggedIn> {
  const proving = async () => {
    const mail = await lookAtLink(deps, context, token);
    if (!mail || !isProofOf(mail, proof)) throw linkClosed();
    const answer = await signIn(deps, context, mail, { named, device, only: 'session token' });
    return 'mfa_required' in answer ? answer : { session_token: answer.access_token, expires_in: answer.expires_in };
  };
  return reporting(proving(), (outcome) => deps.metrics.signIn('email_link', outcome));
}

/**
 * The answer of a login. Without `proof` it is a stranger who guesses.
 * @throws OAuthError for the client; Refusal wrong_code, too_many_attempts, not_found, password_change_required,
 * unmet_authentication_requirements.
 */
export function verifyMailedCode(
  deps: Deps,
  context: RequestContext,
  {
    email,
    code,
    proof,
    device,
    ...named
  }: NamedClient & {
    readonly email: string;
    readonly code: string;
    readonly proof?: string | undefined;
    readonly device?: string | undefined;
  },
): Promise<LoggedIn | HalfLoggedIn> {
  const proving = async () => {
    // By what cannot be a proof no code is found, as by one that is wrong.
    const hash = proof === undefined ? undefined : (hashOfProof(proof) ?? Buffer.alloc(32));
    const { reserved, ...mail } = await checkMailedCode(deps, context, { email, code, hash, known: device });
    return signIn(deps, context, mail, { named, device, reserved });
  };
  return reporting(proving(), (outcome) => deps.metrics.signIn('email_code', outcome));
}

async function signIn(
  deps: Deps,
  context: RequestContext,
  mail: FoundMail,
  {
    named,
    device,
    reserved,
    only,
  }: {
    readonly named: NamedClient;
    readonly device: string | undefined;
    readonly reserved?: ReservedAttempt;
    readonly only?: 'session token';
  },
): Promise<LoggedIn | HalfLoggedIn> {
  const isLink = mail.kind === 'magic_link';
  const closed = isLink ? linkClosed : wrongCode;
  const { by } = mail.mailed;
  if (by.kind !== 'client') throw closed();
  const client = await clientOf(deps, context, by.clientId, named, closed);
  const { user, spend } = provenBy(deps, context, mail, device, closed);
  return afterFirstFactor(deps, context, {
    method: isLink ? 'email_link' : 'email_code',
    user,
    client,
    scopes: by.scopes,
    resources: by.resources,
    reserved,
    device,
    request: acrValuesFor(client, undefined),
    spend,
    ...(only && { only }),
  });
}

/** Whoever asked: a client that is named must be that one, and a confidential one authenticates. @throws OAuthError. */
async function clientOf(
  deps: Deps,
  context: RequestContext,
  clientId: string,
  named: NamedClient,
  closed: () => Error,
): Promise<Client> {
  const asker = await activeClient(deps, context.tenant, clientId);
  if (!asker) throw closed();
  const client = await firstPartyClient(
    deps,
    context,
    namesItsClient(named) ? named : { ...named, client_id: clientId },
  );
  if (client.id !== clientId) throw closed();
  return client;
}

function isProofOf({ mailed: { by } }: FoundMail, proof: string | undefined): boolean {
  const hash = hashOfProof(proof);
  return by.kind === 'client' && hash !== undefined && isSameHash(hash, by.proof);
}

function linkClosed(): OAuthError {
  return new OAuthError('invalid_grant', 'The link was used, has expired, or was asked for by somebody else.');
}
