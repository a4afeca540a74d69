// A client: RFC 7591 metadata by its names, and Signet's own policies.
import { checked, checkedPatch, type Rules } from './mistakes.ts';
import Type, { type Static } from 'typebox';
import { isAdminScope } from '../domain/admin-rights.ts';
import { mostClientKeys } from '../domain/client-keys.ts';
import {
  assertionAlgs,
  type Client,
  clientAuthMethods,
  grantTypes,
  signingAlgs,
  completeMetadata,
  type ClientAuthMethod,
  usesSecret,
  metadataProblems,
  scopesOf,
  type RegisteredMetadata,
  firstPartyClientId,
  firstPartyMetadata,
} from '../domain/client.ts';
import { acrValues } from '../domain/factors.ts';
import { adminRoleNames, closed, text, texts, seconds, year, clientIdPattern, secretPattern } from './parts.ts';
import type { Mistake, Path } from '../domain/mistake.ts';

/** RFC 7517 5: members that are not known are the client's own. */
const keySet = Type.Object({
  keys: Type.Array(Type.Object({ kty: Type.Enum(['RSA', 'EC', 'OKP']) }), { maxItems: mostClientKeys }),
});

/** RFC 7591 2 names, and Signet's own policies. */
export const client = Type.Object(
  {
    client_id: Type.String({ pattern: clientIdPattern }),
    client_secret: Type.Optional(Type.String({ pattern: secretPattern })),
    disabled: Type.Optional(Type.Boolean()),
    admin_roles: Type.Optional(adminRoleNames),
    client_name: Type.Optional(text),
    client_uri: Type.Optional(text),
    logo_uri: Type.Optional(text),
    policy_uri: Type.Optional(text),
    tos_uri: Type.Optional(text),
    contacts: Type.Optional(texts),
    redirect_uris: Type.Optional(texts),
    post_logout_redirect_uris: Type.Optional(texts),
    application_type: Type.Optional(Type.Enum(['web', 'native'])),
    grant_types: Type.Optional(Type.Array(Type.Enum([...grantTypes]))),
    response_types: Type.Optional(Type.Array(Type.Enum(['code']))),
    token_endpoint_auth_method: Type.Optional(Type.Enum([...clientAuthMethods])),
    token_endpoint_auth_signing_alg: Type.Optional(Type.Enum([...assertionAlgs])),
    jwks: Type.Optional(keySet),
    jwks_uri: Type.Optional(text),
    scope: Type.Optional(text),
    id_token_signed_response_alg: Type.Optional(Type.Enum([...signingAlgs])),
    access_token_signed_response_alg: Type.Optional(Type.Enum([...signingAlgs])),
    default_max_age: Type.Optional(Type.Integer({ minimum: 0, maximum: year })),
    require_auth_time: Type.Optional(Type.Boolean()),
    default_acr_values: Type.Optional(texts),
    first_party: Type.Optional(Type.Boolean()),
    require_pkce: Type.Optional(Type.Boolean()),
    required_acr: Type.Optional(Type.Enum([...acrValues])),
    serves: Type.Optional(texts),
    exchange: Type.Optional(
      Type.Array(Type.Object({ to: text, scopes: Type.Array(text, { minItems: 1, maxItems: 100 }) }, closed), {
        maxItems: 100,
      }),
    ),
    may_act: Type.Optional(Type.String({ pattern: clientIdPattern })),
    authorization_response_iss: Type.Optional(Type.Boolean()),
    id_token_claims: Type.Optional(Type.Boolean()),
    access_token_claims: Type.Optional(texts),
    access_token_lifetime: Type.Optional(seconds(24 * 3600)),
    refresh_token_rotation: Type.Optional(Type.Boolean()),
    refresh_token_lifetime: Type.Optional(seconds(year)),
    refresh_token_grace: Type.Optional(Type.Integer({ minimum: 0, maximum: 600 })),
  },
  closed,
);
export type ClientEntry = Static<typeof client>;

/** What of an entry is client metadata. An entry for the built-in client says only what differs from how it was made. */
export function metadataOf(entry: Partial<ClientEntry>): RegisteredMetadata {
  const { client_id: id, client_secret: _secret, disabled: _disabled, admin_roles: _adminRoles, ...metadata } = entry;
  return id === firstPartyClientId ? { ...firstPartyMetadata, ...metadata } : metadata;
}

/** Every rule that it breaks beyond its shape; `path` leads to it. */
export function clientMistakes(entry: Partial<ClientEntry>, path: Path): Mistake[] {
  const metadata = metadataOf(entry);
  const mistakes: Mistake[] = metadataProblems(metadata).map(({ path: inside, problem }) => ({
    path: [...path, ...inside],
    problem,
  }));
  const { token_endpoint_auth_method: method } = completeMetadata(metadata);
  const problem = secretProblem(method, entry.client_secret);
  if (problem !== undefined) mistakes.push({ path: [...path, 'client_secret'], problem });
  const strange = scopesOf(completeMetadata(metadata)).find(
    (scope) => scope.startsWith('admin:') && !isAdminScope(scope),
  );
  if (strange !== undefined)
    mistakes.push({ path: [...path, 'scope'], problem: `has ${strange}, which is no scope of the admin API` });
  if (entry.admin_roles?.length && !completeMetadata(metadata).grant_types.includes('client_credentials'))
    mistakes.push({
      path: [...path, 'admin_roles'],
      problem: 'are for programs that act for themselves: grant_types must have client_credentials',
    });
  if (entry.client_id === firstPartyClientId)
    for (const name of ['first_party', 'token_endpoint_auth_method'] as const)
      if (metadata[name] !== firstPartyMetadata[name])
        mistakes.push({ path: [...path, name], problem: 'cannot be changed: this client is built in' });
  return mistakes;
}

function secretProblem(method: ClientAuthMethod, secret: string | undefined): string | undefined {
  if (secret === undefined) return undefined;
  if (!usesSecret({ token_endpoint_auth_method: method }))
    return `has no use with token_endpoint_auth_method ${method}`;
  return method === 'client_secret_jwt' && secret.length < shortestSharedKey
    ? `must have at least ${shortestSharedKey} characters for client_secret_jwt (RFC 7518 3.2)`
    : undefined;
}

/** RFC 7518 3.2: a key for HS256 has at least as many bytes as its hash. */
const shortestSharedKey = 32;

/** @throws Refusal invalid_input with every mistake. */
export function checkedClient(value: unknown): ClientEntry {
  return checked(client, clientMistakes, value);
}

/** What of a client can be changed with a patch. */
const { client_id: _clientId, client_secret: _secret, ...changeable } = client.properties;
export const clientFields = Type.Object(changeable, closed);

/** What registers one: its secret is made here. */
export const newClient = Type.Object({ client_id: Type.Optional(client.properties.client_id), ...changeable }, closed);

const inForce = [
  'disabled',
  'admin_roles',
  'redirect_uris',
  'post_logout_redirect_uris',
  'application_type',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'scope',
  'id_token_signed_response_alg',
  'require_auth_time',
  'first_party',
  'require_pkce',
  'authorization_response_iss',
  'id_token_claims',
  'access_token_signed_response_alg',
  'access_token_lifetime',
  'refresh_token_rotation',
  'refresh_token_lifetime',
  'refresh_token_grace',
] as const;

/** RFC 7591 3.2.1: a client as administrators are shown one, with the metadata in force. */
export const clientShown = Type.Object(
  {
    client_id: client.properties.client_id,
    ...Type.Required(Type.Pick(clientFields, inForce)).properties,
    ...Type.Omit(clientFields, inForce).properties,
    built_in: Type.Boolean({ description: 'Made with the tenant: can be disabled, not deleted.' }),
  },
  { ...closed, title: 'Client' },
);

/** The same right after a secret was made, which nowhere else can be had again. */
export const clientWithSecret = Type.Object(
  {
    ...clientShown.properties,
    client_secret: Type.Optional(Type.String()),
    client_secret_expires_at: Type.Optional(Type.Literal(0, { description: 'RFC 7591 3.2.1: never.' })),
  },
  { ...closed, title: 'ClientWithSecret' },
);

export function shownClient({
  id,
  metadata,
  adminRoles,
  disabled,
}: Pick<Client, 'id' | 'metadata' | 'adminRoles' | 'disabled'>) {
  return { client_id: id, disabled, admin_roles: adminRoles, ...metadata };
}

/** As it was registered: what defaults add is left out. */
export function clientEntryOf(stored: {
  readonly id: string;
  readonly metadata: RegisteredMetadata;
  readonly adminRoles: readonly string[];
  readonly disabled: boolean;
}): ClientEntry {
  const { built_in: _builtIn, ...metadata } = stored.metadata;
  const { id, adminRoles, disabled } = stored;
  return { client_id: id, disabled, admin_roles: [...adminRoles], ...metadata } as ClientEntry;
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedClientPatch(current: ClientEntry, patch: unknown): ClientEntry {
  const { client_id: id, ...rest } = current;
  const rules: Rules<typeof clientFields> = (value, path) => clientMistakes({ ...value, client_id: id }, path);
  return { client_id: id, ...checkedPatch(clientFields, rules, rest, patch) };
}
