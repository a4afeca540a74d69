// Which requests are a program's where a page and an endpoint share an address.
import type { IncomingMessage } from 'node:http';
import type { FastifyServerOptions } from 'fastify';

/** How a program says that it asked for the link. */
export const proofHeader = 'signet-proof';

/** Fastify's routing constraint `for`: routes of the two scopes stand side by side, and neither looks at what is the other's. */
export type Audience = 'programs' | 'browsers';

/**
 * Browsers send forms, and follow links: no link can make one send {@link proofHeader}, or say that it reads JSON only.
 */
export function audienceOf({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): Audience {
  const isJson =
    method === 'GET'
      ? headers[proofHeader] !== undefined || /^\s*application\/json\s*(?:;[^,]*)?$/i.test(headers.accept ?? '')
      : !/^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '');
  return isJson ? 'programs' : 'browsers';
}

type Constraint = NonNullable<NonNullable<FastifyServerOptions['routerOptions']>['constraints']>[string];
type Handler = NonNullable<ReturnType<ReturnType<Constraint['storage']>['get']>>;

/** A constraint as Fastify's router takes it. */
export function audienceConstraint(): Constraint {
  return {
    name: 'for',
    storage: () => {
      const handlers = new Map<string, Handler>();
      return {
        get: (key: string) => handlers.get(key) ?? null,
        set: (key: string, handler: Handler) => void handlers.set(key, handler),
      };
    },
    deriveConstraint: audienceOf,
  };
}
