// The OAuth scopes: the documents, the JSON endpoints, and the endpoints that browsers are sent to.
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { discoveryPaths, endpoints, userinfoAliases } from '../../domain/endpoints.ts';
import { findTenant } from '../context.ts';
import { readForms } from '../forms.ts';
import { route } from '../methods.ts';
import { isClientOrigin } from '../../flows/clients/current.ts';
import { allowOrigins, answerDocumentPreflight, answerPreflight } from '../cors.ts';
import { discovery, jwks, statusLists } from './documents.ts';
import { answerOAuthErrors } from './errors.ts';
import { introspection } from './introspect.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';
import { userInfo } from './userinfo.ts';

/** Read by everybody, from everywhere. `inserted`: also the forms with `/.well-known/` before the tenant's path. */
export function documentScope(deps: Deps, { inserted }: { inserted: boolean }) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerOAuthErrors(scope, deps);
    const document = (path: string, handler: RouteHandlerMethod) => {
      route(scope, path, { GET: handler }, { head: true, everyday: true, cors: true });
      answerDocumentPreflight(scope, path);
    };
    for (const path of discoveryPaths) {
      document(path, discovery());
      if (inserted) document(`${path}/t/:slug`, discovery());
    }
    document(endpoints.jwks, jwks(deps));
    document(`${endpoints.status}/:list`, statusLists(deps));
  };
}

/** Called by programs. */
export function oauthScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerOAuthErrors(scope, deps);
    readForms(scope, { json: true });
    allowOrigins(scope, deps, isClientOrigin);
    route(scope, endpoints.token, { POST: token(deps) }, { cors: true });
    route(scope, endpoints.revoke, { POST: revoke(deps) }, { cors: true });
    // No browser has a secret to ask with.
    route(scope, endpoints.introspect, { POST: introspection(deps) });
    answerPreflight(scope, endpoints.token, 'POST');
    answerPreflight(scope, endpoints.revoke, 'POST');
    for (const path of [endpoints.userinfo, ...userinfoAliases]) {
      route(scope, path, { GET: userInfo(deps), POST: userInfo(deps) }, { cors: true });
      answerPreflight(scope, path, 'GET, POST');
    }
  };
}
