// The circumstances of one request that every flow needs: whose issuer, when, from where.
import type { Rights } from './admin-rights.ts';
import type { Actor } from './audit.ts';
import type { Tenant } from './tenant.ts';

/** The cookies that flows ask for; see http/cookies.ts. */
export type BrowserCookies = {
  /** Who is signed in. */
  readonly session: string | undefined;
  /** Which browser began a sign-in attempt. */
  readonly browser: string | undefined;
  /** Which accounts have signed in here before. */
  readonly known: string | undefined;
};

export type RequestContext = {
  readonly tenant: Tenant;
  /** Milliseconds; asked of the clock once per request. */
  readonly now: number;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  /** RFC 9110 12.5.4 `Accept-Language`. */
  readonly acceptLanguage: string | undefined;
  /** Who stands in the audit log: a visitor, until a flow has found out who it is. */
  readonly actor: Actor;
  /** What whoever administers holds at this moment, and so may grant and reach. Nothing, until a flow has found out. */
  readonly rights: Rights | 'all';
  /** When the person signed in who administers, in milliseconds; nothing is asked of programs and operators. */
  readonly signedInAt?: number | undefined;
  /** Through which client a person administers, for the audit log. */
  readonly through?: string | undefined;
};

/** The same request, once it is known whose it is. */
export function actingAs(context: RequestContext, kind: 'user' | 'client', id: string): RequestContext {
  return { ...context, actor: { kind, id } };
}

/** For what the server does by itself, or an operator asks for: `actor` says which. `now` in milliseconds. */
export function contextWithoutRequest(
  { actor: kind }: { readonly actor: 'server' | 'operator' },
  tenant: Tenant,
  now: number,
): RequestContext {
  return {
    tenant,
    now,
    requestId: undefined,
    ip: undefined,
    userAgent: undefined,
    acceptLanguage: undefined,
    actor: { kind },
    rights: 'all',
  };
}
