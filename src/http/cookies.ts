// The cookies, one set per tenant: `__Host-` under https, plain under http on loopback.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionCookie } from '../domain/session.ts';
import type { Tenant } from '../domain/tenant.ts';

/** `session`: who is signed in; `browser`: whose sign-in attempts; `known`: which accounts have signed in here before. */
type CookieName = 'session' | 'browser' | 'known';

const yearInSeconds = 365 * 24 * 3600;

export function readCookies(request: FastifyRequest): Record<CookieName, string | undefined> {
  const value = (name: CookieName) => request.cookies[fullName(request.tenant, name)] || undefined;
  return { session: value('session'), browser: value('browser'), known: value('known') };
}

/** Sets the session's cookie, which ends with the browser or at its `maxAge`; the server ends what it stands for earlier. */
export function setSessionCookie(reply: FastifyReply, tenant: Tenant, { value, maxAge }: SessionCookie): void {
  void reply.setCookie(fullName(tenant, 'session'), value, {
    ...attributes(tenant),
    ...(maxAge === undefined ? {} : { maxAge }),
  });
}

/** Sets another cookie for this tenant. That of the browser ends with it; the server ends its attempts earlier. */
export function setCookie(
  reply: FastifyReply,
  tenant: Tenant,
  name: Exclude<CookieName, 'session'>,
  value: string,
): void {
  void reply.setCookie(fullName(tenant, name), value, {
    ...attributes(tenant),
    ...(name === 'known' ? { maxAge: yearInSeconds } : {}),
  });
}

export function clearCookie(reply: FastifyReply, tenant: Tenant, name: CookieName): void {
  void reply.clearCookie(fullName(tenant, name), attributes(tenant));
}

function fullName(tenant: Tenant, name: CookieName): string {
  return `${isSecure(tenant) ? '__Host-' : ''}signet-${tenant.slug}-${name}`;
}

function attributes(tenant: Tenant) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure(tenant) } as const;
}

/** True when the issuer is https, so that Secure cookies and HSTS make sense. */
export function isSecure(tenant: Tenant): boolean {
  return tenant.issuer.startsWith('https:');
}
