// The cookies, one set per tenant: `__Host-` under https, `__Secure-` below a path of a shared host, plain under http on loopback.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionCookie } from '../domain/session.ts';
import type { Tenant } from '../domain/tenant.ts';

/** `session`: who is signed in; `browser`: whose sign-in attempts; `known`: which accounts have signed in here before. */
type CookieName = 'session' | 'browser' | 'known';

const yearInSeconds = 365 * 24 * 3600;

export function readCookies(request: FastifyRequest): Record<CookieName, string | undefined> {
  const value = (name: CookieName) => onlyOne(request, fullName(request.tenant, name));
  return { session: value('session'), browser: value('browser'), known: value('known') };
}

/**
 * RFC 6265 5.4: of two with one name, that of the longer path comes first, and below a path of a shared host anybody there can
 * set it: neither counts then. `__Host-` cookies cannot come twice.
 */
function onlyOne(request: FastifyRequest, name: string): string | undefined {
  const value = request.cookies[name] || undefined;
  if (value === undefined || namingOf(request.tenant).path === '/') return value;
  const times = (request.headers.cookie ?? '').split(';').filter((pair) => pair.trim().startsWith(`${name}=`)).length;
  return times > 1 ? undefined : value;
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
  const { prefix, suffix } = namingOf(tenant);
  return `${prefix}signet-${tenant.slug}-${name}${suffix}`;
}

function attributes(tenant: Tenant) {
  return { path: namingOf(tenant).path, httpOnly: true, sameSite: 'lax', secure: isSecure(tenant) } as const;
}

type Naming = { readonly prefix: string; readonly suffix: string; readonly path: string };

const namings = new WeakMap<Tenant, Naming>();

/** Asked several times with each page: worked out once for each tenant. */
function namingOf(tenant: Tenant): Naming {
  let naming = namings.get(tenant);
  if (!naming) namings.set(tenant, (naming = newNaming(tenant)));
  return naming;
}

/**
 * RFC 6265bis 4.1.3. RFC 6265 8.5: cookies do not tell ports apart, and each port of a loopback host may be another Signet, so
 * that its port stands in the name. Below a path the other applications of the host are not sent them.
 */
function newNaming({ issuer, slug }: Tenant): Naming {
  const { protocol, port, pathname } = new URL(issuer);
  const own = `/t/${slug}`;
  const path = (pathname.endsWith(own) ? pathname.slice(0, -own.length) : pathname) || '/';
  if (protocol !== 'https:') return { prefix: '', suffix: `-${port || '80'}`, path };
  return { prefix: path === '/' ? '__Host-' : '__Secure-', suffix: '', path };
}

/** True when the issuer is https, so that Secure cookies and HSTS make sense. */
export function isSecure(tenant: Tenant): boolean {
  return tenant.issuer.startsWith('https:');
}
