// Signing in by mail in a browser: asked for by the sign-in that waits there, and finished by the same browser only.
import { isSameHash } from '../../crypto/hash.ts';
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type Client, clientName } from '../../domain/client.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { activeClient } from '../clients/current.ts';
import { afterFirstFactor } from '../sign-in/after-first-factor.ts';
import type { HalfSignedIn } from '../sign-in/ask-new-password.ts';
import { attemptOf } from '../sign-in/attempt.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import type { SignedIn } from '../sign-in/complete.ts';
import { livingSession } from '../sign-in/session.ts';
import { checkSignInByMail, codeOfAttempt, sendSignInMail, type Way } from './ask.ts';
import { checkMailedCode, type FoundMail, lookAtLink, provenBy } from './prove.ts';

/** Where a link leads, below the issuer. */
export const verifyPath = '/auth/verify';

type Visit = { readonly attemptId: string | undefined; readonly cookies: BrowserCookies };

/** What the pages show. */
export type MailSignInView = {
  readonly attemptId: string;
  readonly client: Client | undefined;
  readonly loginHint: string | undefined;
  readonly isForAccount: boolean;
  /** Whether to stay signed in is asked: not of somebody who is, and only proves it again. */
  readonly asksToStay: boolean;
  readonly uiLocales: string | undefined;
};

/** @throws Refusal not_found; attempt_unknown, attempt_finished. */
export async function viewMailSignIn(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies }: Visit,
): Promise<MailSignInView> {
  checkSignInByMail(deps, context.tenant);
  const isAsking = context.tenant.settings.stay_signed_in === 'ask';
  const { id, request, accountChange } = await attemptOf(deps, context, attemptId, cookies.browser);
  return {
    attemptId: id,
    client: request && (await activeClient(deps, context.tenant, request.clientId)),
    loginHint: request?.loginHint,
    isForAccount: accountChange !== undefined,
    asksToStay: isAsking && (await livingSession(deps, context, cookies.session)) === undefined,
    uiLocales: request?.uiLocales,
  };
}

/** What was asked for, which the browser keeps for its page. */
export type Asked = { readonly email: string; readonly way: Way; readonly staySignedIn: boolean };

/** @returns it sealed, for the address of the page. @throws Refusal as {@link sendSignInMail} and {@link viewMailSignIn}. */
export async function askInBrowser(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, ...asked }: Visit & Asked,
): Promise<string> {
  const { email, way, staySignedIn } = asked;
  checkSignInByMail(deps, context.tenant);
  const { id, row } = await attemptOf(deps, context, attemptId, cookies.browser);
  const browser = row.browserHash.toString('base64url');
  await sendSignInMail(deps, context, {
    email,
    way,
    by: { kind: 'browser', browser, attempt: id, staySignedIn },
    target: context.tenant.issuer + verifyPath,
    hash: codeOfAttempt(row),
    known: cookies.known,
  });
  return deps.box.seal(purposeOfAsked, ofBrowser(row), Buffer.from(JSON.stringify(asked)));
}

/** Browsers that came with the same request have rows of the same id. */
function ofBrowser({ id, browserHash }: SignInAttempt['row']): string {
  return `${id} ${browserHash.toString('base64url')}`;
}

const purposeOfAsked = 'sign-in mail that was asked for';

/** Undefined for what this sign-in has not asked for. @throws Refusal attempt_unknown, attempt_finished. */
export async function openAsked(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, sealed }: Visit & { readonly sealed: string | undefined },
): Promise<Asked | undefined> {
  const { row } = await attemptOf(deps, context, attemptId, cookies.browser);
  if (sealed === undefined) return undefined;
  try {
    return JSON.parse(deps.box.open(purposeOfAsked, ofBrowser(row), sealed).toString()) as Asked;
  } catch {
    return undefined;
  }
}

/** What the page of a link shows. */
export type LinkView =
  /** Of another browser or an application, where it is still good. Nothing is told about it. */
  | { readonly kind: 'elsewhere' }
  | {
      readonly kind: 'ready';
      readonly username: string;
      readonly clientName: string | undefined;
      readonly uiLocales: string | undefined;
    };

/** Spends nothing. @throws Refusal link_closed. */
export async function viewLink(
  deps: Deps,
  context: RequestContext,
  { token, cookies }: { token: string | undefined; cookies: BrowserCookies },
): Promise<LinkView> {
  const mail = await lookAtLink(deps, context, token);
  if (!mail) throw linkClosed();
  const { by } = mail.mailed;
  if (by.kind !== 'browser' || !isBrowser(by.browser, cookies)) return { kind: 'elsewhere' };
  const { request } = await attemptOf(deps, context, by.attempt, cookies.browser);
  const client = request && (await activeClient(deps, context.tenant, request.clientId));
  return {
    kind: 'ready',
    username: mail.user.username,
    clientName: client && clientName(client),
    uiLocales: request?.uiLocales,
  };
}

/**
 * Spends the link, in the browser that asked for it, and completes the sign-in there unless more is needed.
 * @returns 'elsewhere', and nothing is spent, in any other.
 * @throws Refusal link_closed; attempt_unknown, attempt_finished; unmet_authentication_requirements.
 */
export function signInWithLink(
  deps: Deps,
  context: RequestContext,
  { token, cookies }: { token: string | undefined; cookies: BrowserCookies },
): Promise<SignedIn | HalfSignedIn | 'elsewhere'> {
  const proving = async () => {
    const mail = await lookAtLink(deps, context, token);
    if (!mail) throw linkClosed();
    const { by } = mail.mailed;
    if (by.kind !== 'browser' || !isBrowser(by.browser, cookies)) return 'elsewhere';
    return goOn(deps, context, mail, { attemptId: by.attempt, cookies, staySignedIn: by.staySignedIn });
  };
  return reporting(proving(), (outcome) => deps.metrics.signIn('email_link', outcome));
}

/** @throws Refusal wrong_code, too_many_attempts; attempt_unknown, attempt_finished; unmet_authentication_requirements. */
export function signInWithMailedCode(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, email, code }: Visit & { email: string; code: string },
): Promise<SignedIn | HalfSignedIn> {
  const proving = async () => {
    const { row } = await attemptOf(deps, context, attemptId, cookies.browser);
    const guess = { email, code, hash: codeOfAttempt(row), known: cookies.known };
    const { reserved, ...mail } = await checkMailedCode(deps, context, guess);
    const { by } = mail.mailed;
    if (by.kind !== 'browser') throw wrongCode();
    return goOn(deps, context, mail, { attemptId, cookies, staySignedIn: by.staySignedIn, reserved });
  };
  return reporting(proving(), (outcome) => deps.metrics.signIn('email_code', outcome));
}

async function goOn(
  deps: Deps,
  context: RequestContext,
  mail: FoundMail,
  {
    attemptId,
    cookies,
    staySignedIn,
    reserved,
  }: Visit & { staySignedIn: boolean; reserved?: Parameters<typeof afterFirstFactor>[2]['reserved'] },
): Promise<SignedIn | HalfSignedIn> {
  // Before the address is proven by it: a sign-in that is over proves nothing.
  const begun = await attemptOf(deps, context, attemptId, cookies.browser);
  const isLink = mail.kind === 'magic_link';
  const { user, spend } = provenBy(deps, context, mail, cookies.known, isLink ? linkClosed : wrongCode);
  return afterFirstFactor(deps, context, {
    attempt: { ...begun, staySignedIn },
    user,
    method: isLink ? 'email_link' : 'email_code',
    reserved,
    cookies,
    spend,
  });
}

function isBrowser(browser: string, cookies: BrowserCookies): boolean {
  const hash = hashOfOpaque('browser', cookies.browser);
  return hash !== undefined && isSameHash(hash, browser);
}

function linkClosed(): Refusal {
  return new Refusal('link_closed', 'This link was used, or has expired.');
}
