// The first-party scope: the JSON API of the tenant's own applications.
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { firstPartyEndpoints, loginAliases } from '../../domain/endpoints.ts';
import { isFirstPartyOrigin } from '../../flows/clients/current.ts';
import { findTenant } from '../context.ts';
import { allowOrigins, answerPreflight } from '../cors.ts';
import { readJson } from '../json.ts';
import { route } from '../methods.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { password } from './password.ts';
import { answerProblems } from './problems.ts';
import { refresh } from './refresh.ts';

/** Called by programs and by browser code of first-party origins; looks at no cookie. */
export function authScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerProblems(scope, deps);
    readJson(scope);
    allowOrigins(scope, deps, isFirstPartyOrigin);
    const post = (path: string, handler: RouteHandlerMethod) => {
      route(scope, path, { POST: handler }, { cors: true });
      answerPreflight(scope, path, 'POST');
    };
    for (const path of [firstPartyEndpoints.login, ...loginAliases]) post(path, login(deps));
    post(firstPartyEndpoints.refresh, refresh(deps));
    post(firstPartyEndpoints.logout, logout(deps));
    post(firstPartyEndpoints.password, password(deps));
  };
}
