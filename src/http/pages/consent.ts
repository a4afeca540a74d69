// GET and POST /consent.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { Refusal } from '../../domain/errors.ts';
import { type ConsentDecision, decideConsent, viewConsent } from '../../flows/authorize/consent.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendAuthorizationResponse } from './authorization-response.ts';
import { backToHub } from './hub.ts';
import { sendPage } from './page.ts';
import { consentPage } from './views/consent.ts';
import { hostOf } from './views/links.ts';

/** The page that asks. */
export function consentForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const attemptId = queryParams(request).get('attempt');
    const view = await viewConsent(deps, contextOf(deps, request), { attemptId, cookies: readCookies(request) });
    const base = basePath(request.tenant);
    if (view === 'go on') return backToHub(request, reply, attemptId ?? '');
    const { client_uri, logo_uri, policy_uri, tos_uri } = view.client.metadata;
    const model = {
      action: `${base}/consent`,
      switchUserAction: `${base}/consent`,
      signOutAction: `${base}/sign-out`,
      csrf: view.formToken,
      attempt: view.attemptId,
      clientName: clientName(view.client),
      clientUri: client_uri,
      clientLogoUri: logo_uri,
      policyUri: policy_uri,
      tosUri: tos_uri,
      redirectHost: hostOf(view.redirectUri),
      lastsFor: view.scopes.some(({ name }) => name === 'offline_access')
        ? view.client.metadata.refresh_token_lifetime
        : undefined,
      scopes: view.scopes,
      resources: view.resources,
      username: view.username,
      name: view.name,
      email: view.email,
      isAskedEachTime: view.isAskedEachTime,
    };
    return sendPage(request, reply, (page) => consentPage(page, model), { uiLocales: view.uiLocales });
  };
}

/** The answer. */
export function consent(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    const decision = params.get('decision');
    if (!isDecision(decision)) throw new Refusal('malformed', 'The form has no decision.');
    const outcome = await decideConsent(deps, contextOf(deps, request), {
      attemptId,
      decision,
      username: params.get('username'),
      cookies: readCookies(request),
    });
    if (outcome.kind === 'respond') return sendAuthorizationResponse(deps, request, reply, outcome);
    return backToHub(request, reply, attemptId ?? '');
  };
}

function isDecision(value: string | undefined): value is ConsentDecision {
  return value === 'allow' || value === 'deny' || value === 'switch';
}
