// The two metadata documents of an issuer, as bytes ready to send.
import { contentTag } from '../crypto/hash.ts';
import { endpoints } from '../domain/endpoints.ts';
import { acrValues } from '../domain/factors.ts';
import { userinfoClaims } from '../domain/claims.ts';
import { assertionAlgs, clientAuthMethods, grantTypes, signingAlgs } from '../domain/client.ts';
import { standardScopes } from '../domain/scope.ts';
import type { Tenant } from '../domain/tenant.ts';

export type Document = { readonly body: Buffer; readonly etag: string };

const documents = new WeakMap<Tenant, Document>();

/** RFC 8414 2 and OpenID Connect Discovery 1.0 3: one document serves both. Kept as long as the tenant is. */
export function discoveryDocument(tenant: Tenant, uiLocales: readonly string[]): Document {
  let document = documents.get(tenant);
  if (!document) {
    const body = Buffer.from(JSON.stringify(metadata(tenant, uiLocales)));
    document = { body, etag: `"${contentTag(body)}"` };
    documents.set(tenant, document);
  }
  return document;
}

function metadata({ issuer, settings }: Tenant, uiLocales: readonly string[]) {
  return {
    issuer,
    authorization_endpoint: `${issuer}${endpoints.authorize}`,
    token_endpoint: `${issuer}${endpoints.token}`,
    userinfo_endpoint: `${issuer}${endpoints.userinfo}`,
    jwks_uri: `${issuer}${endpoints.jwks}`,
    end_session_endpoint: `${issuer}${endpoints.logout}`,
    revocation_endpoint: `${issuer}${endpoints.revoke}`,
    introspection_endpoint: `${issuer}${endpoints.introspect}`,
    scopes_supported: [...standardScopes, ...Object.keys(settings.claim_scopes)],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: grantTypes,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgs,
    token_endpoint_auth_methods_supported: clientAuthMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    introspection_endpoint_auth_methods_supported: clientAuthMethods.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    claims_supported: [
      ...new Set([
        ...userinfoClaims(settings.claim_scopes),
        'iss',
        'aud',
        'exp',
        'iat',
        'auth_time',
        'nonce',
        'acr',
        'amr',
        'sid',
        'at_hash',
      ]),
    ],
    claim_types_supported: ['normal'],
    acr_values_supported: acrValues,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    display_values_supported: ['page', 'popup', 'touch', 'wap'],
    ui_locales_supported: uiLocales,
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    require_request_uri_registration: false,
  };
}
