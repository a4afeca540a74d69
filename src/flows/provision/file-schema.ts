// The shape of a provisioning file.
import Type, { type Static } from 'typebox';
import { clientAuthMethods, grantTypes, signingAlgs } from '../../domain/client.ts';

const closed = { additionalProperties: false } as const;
const text = Type.String({ minLength: 1, maxLength: 2000 });
const texts = Type.Array(text, { maxItems: 100 });
const seconds = (most: number) => Type.Integer({ minimum: 1, maximum: most });
const year = 366 * 24 * 3600;

const clientIdPattern = '^[\\x20-\\x7e]{1,200}$';
const secretPattern = '^[\\x20-\\x7e]{1,512}$';
const datePattern = '^\\d{4}(-\\d{2}-\\d{2})?$';

/** What each pattern asks for, in words. */
export const patternWords: Readonly<Record<string, string>> = {
  [clientIdPattern]: 'must be 1 to 200 printable ASCII characters',
  [secretPattern]: 'must be 1 to 512 printable ASCII characters',
  [datePattern]: 'must be a date as YYYY-MM-DD, or a year as YYYY',
};

const scope = Type.Union([text, Type.Object({ name: text, description: Type.Optional(text) }, closed)]);

const resource = Type.Object(
  { identifier: text, name: Type.Optional(text), scopes: Type.Optional(Type.Array(scope, { maxItems: 500 })) },
  closed,
);

/** RFC 7591 2 names, and Signet's own policies. */
const client = Type.Object(
  {
    client_id: Type.String({ pattern: clientIdPattern }),
    client_secret: Type.Optional(Type.String({ pattern: secretPattern })),
    disabled: Type.Optional(Type.Boolean()),
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
    scope: Type.Optional(text),
    id_token_signed_response_alg: Type.Optional(Type.Enum([...signingAlgs])),
    access_token_signed_response_alg: Type.Optional(Type.Enum([...signingAlgs])),
    default_max_age: Type.Optional(Type.Integer({ minimum: 0, maximum: year })),
    require_auth_time: Type.Optional(Type.Boolean()),
    default_acr_values: Type.Optional(texts),
    first_party: Type.Optional(Type.Boolean()),
    require_pkce: Type.Optional(Type.Boolean()),
    access_token_lifetime: Type.Optional(seconds(24 * 3600)),
    refresh_token_rotation: Type.Optional(Type.Boolean()),
    refresh_token_lifetime: Type.Optional(seconds(year)),
    refresh_token_grace: Type.Optional(Type.Integer({ minimum: 0, maximum: 120 })),
  },
  closed,
);

const address = Type.Object(
  {
    formatted: Type.Optional(text),
    street_address: Type.Optional(text),
    locality: Type.Optional(text),
    region: Type.Optional(text),
    postal_code: Type.Optional(text),
    country: Type.Optional(text),
  },
  closed,
);

/** OpenID Connect Core 1.0 5.1 names. */
const user = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 200 }),
    password: Type.Optional(Type.String({ minLength: 1 })),
    password_hash: Type.Optional(Type.String({ maxLength: 1000 })),
    disabled: Type.Optional(Type.Boolean()),
    roles: Type.Optional(texts),
    groups: Type.Optional(texts),
    email: Type.Optional(text),
    email_verified: Type.Optional(Type.Boolean()),
    name: Type.Optional(text),
    given_name: Type.Optional(text),
    family_name: Type.Optional(text),
    middle_name: Type.Optional(text),
    nickname: Type.Optional(text),
    preferred_username: Type.Optional(text),
    profile: Type.Optional(text),
    picture: Type.Optional(text),
    website: Type.Optional(text),
    gender: Type.Optional(text),
    birthdate: Type.Optional(Type.String({ pattern: datePattern })),
    zoneinfo: Type.Optional(text),
    locale: Type.Optional(text),
    phone_number: Type.Optional(text),
    phone_number_verified: Type.Optional(Type.Boolean()),
    address: Type.Optional(address),
  },
  closed,
);

const settings = Type.Object(
  {
    session_idle_lifetime: Type.Optional(seconds(year)),
    session_lifetime: Type.Optional(seconds(year)),
    id_token_lifetime: Type.Optional(seconds(24 * 3600)),
    default_resource: Type.Optional(text),
    logo_uri: Type.Optional(text),
  },
  closed,
);

const tenant = Type.Union([
  text,
  Type.Object({ slug: text, name: Type.Optional(text), host: Type.Optional(text) }, closed),
]);

/** The whole file. Everything may be left out; what is left out stays as it is. */
export const fileSchema = Type.Object(
  {
    tenant: Type.Optional(tenant),
    settings: Type.Optional(settings),
    resources: Type.Optional(Type.Array(resource, { maxItems: 1000 })),
    clients: Type.Optional(Type.Array(client, { maxItems: 10_000 })),
    users: Type.Optional(Type.Array(user, { maxItems: 100_000 })),
  },
  closed,
);

export type ProvisioningFile = Static<typeof fileSchema>;
export type ClientEntry = Static<typeof client>;
export type UserEntry = Static<typeof user>;
export type ResourceEntry = Static<typeof resource>;

/** What of a file has the right shape: in the place of an entry that has not stands undefined. */
export type SoundPart = {
  /** null: there is one, but not of the right shape. */
  readonly tenant: ProvisioningFile['tenant'] | null;
  readonly settings: ProvisioningFile['settings'];
  readonly resources: readonly (ResourceEntry | undefined)[];
  readonly clients: readonly (ClientEntry | undefined)[];
  readonly users: readonly (UserEntry | undefined)[];
};
