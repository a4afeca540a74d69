// Who is signed in at one application: a cookie with a random id, and in memory what belongs to it.
import { randomBytes } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type Sessions<T> = {
  /** What belongs to the session of this browser; undefined when it has none, or no more. */
  of(request: FastifyRequest): T | undefined;
  /** Begins a session under a new id, so that an id that somebody planted beforehand is worth nothing. */
  begin(request: FastifyRequest, reply: FastifyReply, value: T): void;
  /** Ends the session of this browser, and gives what belonged to it. */
  end(request: FastifyRequest, reply: FastifyReply): T | undefined;
};

/** How a cookie of this application is named and sent. `Lax`: other sites can lead people here, but not act as them. */
export function cookieFor(url: string, name: string): { name: string; options: CookieSerializeOptions } {
  const secure = url.startsWith('https:');
  return {
    name: secure ? `__Host-${name}` : name,
    options: { path: '/', httpOnly: true, sameSite: 'lax', secure },
  };
}

/**
 * Sessions that end after `lifetime` seconds, or with the process: an application that runs as several processes keeps
 * them in its database instead.
 */
export function sessionsInMemory<T>(url: string, name: string, lifetime = 3600): Sessions<T> {
  const cookie = cookieFor(url, name);
  const kept = new Map<string, { readonly value: T; readonly until: number }>();
  const idOf = (request: FastifyRequest) => request.cookies[cookie.name] ?? '';
  const find = (request: FastifyRequest) => {
    const session = kept.get(idOf(request));
    return session && session.until > Date.now() ? session.value : undefined;
  };
  return {
    of: find,
    begin(request, reply, value) {
      kept.delete(idOf(request));
      for (const [id, { until }] of kept) if (until <= Date.now()) kept.delete(id);
      const id = randomBytes(32).toString('base64url');
      kept.set(id, { value, until: Date.now() + lifetime * 1000 });
      void reply.setCookie(cookie.name, id, { ...cookie.options, maxAge: lifetime });
    },
    end(request, reply) {
      const value = find(request);
      kept.delete(idOf(request));
      void reply.clearCookie(cookie.name, cookie.options);
      return value;
    },
  };
}
