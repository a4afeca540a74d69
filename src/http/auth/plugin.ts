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
import { challenge, confirmSent, confirmTotp, list, recoveryCodes, remove, sentFactor, totp, verify } from './mfa.ts';
import { password } from './password.ts';
import { passwordForgot } from './password-forgot.ts';
import { askForMail, mailedCode, mailedLink, mailedLinkByGet } from './passwordless.ts';
import { answerProblems } from '../problems.ts';
import { refresh } from './refresh.ts';

/** Called by programs and by browser code of first-party origins; looks at no cookie. */
export function authScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerProblems(scope, deps);
    readJson(scope);
    allowOrigins(scope, deps, isFirstPartyOrigin);
    const at = (path: string, method: 'GET' | 'POST' | 'DELETE', handler: RouteHandlerMethod) => {
      route(scope, path, { [method]: handler }, { cors: true });
      answerPreflight(scope, path, method);
    };
    for (const path of [firstPartyEndpoints.login, ...loginAliases]) at(path, 'POST', login(deps));
    at(firstPartyEndpoints.refresh, 'POST', refresh(deps));
    at(firstPartyEndpoints.logout, 'POST', logout(deps));
    at(firstPartyEndpoints.password, 'POST', password(deps));
    at(firstPartyEndpoints.passwordForgot, 'POST', passwordForgot(deps));
    at(firstPartyEndpoints.passwordlessRequest, 'POST', askForMail(deps, 'link'));
    at(firstPartyEndpoints.passwordlessCode, 'POST', askForMail(deps, 'code'));
    at(firstPartyEndpoints.passwordlessVerify, 'POST', mailedCode(deps));
    // Browsers that come with the link get a page (http/pages/verify-link.ts).
    const verifying = { GET: mailedLinkByGet(deps), POST: mailedLink(deps) };
    route(scope, firstPartyEndpoints.verify, verifying, { cors: true, for: 'programs' });
    answerPreflight(scope, firstPartyEndpoints.verify, 'GET, POST', 'Signet-Proof');
    at(firstPartyEndpoints.mfa, 'GET', list(deps));
    at(firstPartyEndpoints.mfaFactor, 'DELETE', remove(deps));
    at(firstPartyEndpoints.mfaVerify, 'POST', verify(deps));
    at(firstPartyEndpoints.mfaChallenge, 'POST', challenge(deps));
    at(firstPartyEndpoints.mfaTotp, 'POST', totp(deps));
    at(firstPartyEndpoints.mfaTotpConfirm, 'POST', confirmTotp(deps));
    at(firstPartyEndpoints.mfaSms, 'POST', sentFactor(deps, 'sms'));
    at(firstPartyEndpoints.mfaSmsConfirm, 'POST', confirmSent(deps, 'sms'));
    at(firstPartyEndpoints.mfaEmail, 'POST', sentFactor(deps, 'email'));
    at(firstPartyEndpoints.mfaEmailConfirm, 'POST', confirmSent(deps, 'email'));
    at(firstPartyEndpoints.mfaRecoveryCodes, 'POST', recoveryCodes(deps));
  };
}
