// What `client create` is told of a client: by options, or as RFC 7591 metadata in a file.
import type { NewClient } from '../../flows/clients/register.ts';
import { readGiven } from '../frame/given-file.ts';
import { CommandError } from '../frame/run.ts';

/** Presets of metadata by kinds of clients. What is not said has the default of the registration. */
export const clientTypes = {
  /** Runs on a server, and can keep a secret. */
  web: {},
  /** Runs in a browser. */
  spa: { token_endpoint_auth_method: 'none' },
  /** Runs on a telephone or a desktop, also in a terminal. */
  native: { token_endpoint_auth_method: 'none', application_type: 'native' },
  /** A program that acts for itself, without anybody's browser. */
  machine: { grant_types: ['client_credentials'], response_types: [] },
} as const satisfies Record<string, NewClient>;

export type MetadataOptions = {
  readonly id?: string;
  readonly name?: string;
  readonly redirectUri: readonly string[];
  readonly postLogoutRedirectUri: readonly string[];
  readonly type?: keyof typeof clientTypes;
  readonly firstParty?: boolean;
  readonly scope?: string;
  readonly adminRole: readonly string[];
  readonly idTokenClaims?: boolean;
  readonly from?: string;
};

/** @throws CommandError when options contradict one another, or the file cannot be used. */
export async function metadataFrom(options: MetadataOptions): Promise<NewClient> {
  const { id, from, name, redirectUri, postLogoutRedirectUri, type, firstParty, scope, adminRole, idTokenClaims } =
    options;
  const said: NewClient = {
    ...(id !== undefined && { client_id: id }),
    ...(name !== undefined && { client_name: name }),
    ...(redirectUri.length > 0 && { redirect_uris: redirectUri }),
    ...(postLogoutRedirectUri.length > 0 && { post_logout_redirect_uris: postLogoutRedirectUri }),
    ...(firstParty && { first_party: true }),
    ...(scope !== undefined && { scope }),
    ...(adminRole.length > 0 && { admin_roles: adminRole }),
    ...(idTokenClaims && { id_token_claims: true }),
    ...(type !== undefined && clientTypes[type]),
  };
  if (type === 'machine' && scope === undefined && adminRole.length === 0)
    throw new CommandError(
      'usage',
      'A machine may do nothing without scopes: give --scope with those of the API that it calls, or --admin-role for the admin API.',
    );
  if (from === undefined) {
    if (redirectUri.length === 0 && type !== 'machine')
      throw new CommandError(
        'usage',
        'A client needs a place to send the browser back to: give --redirect-uri, or --type machine for a program that has none.',
      );
    return said;
  }
  if (type !== undefined || Object.keys(said).some((member) => member !== 'client_id'))
    throw new CommandError('usage', 'With --from the file says everything: only --id may stand beside it.');
  return { ...(await metadataIn(from)), ...said };
}

async function metadataIn(file: string): Promise<NewClient> {
  const json = await readGiven(file);
  const what = file === '-' ? 'What came on standard input' : file;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new CommandError('failed', `${what} is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CommandError('failed', `${what} is not client metadata: a JSON object with names as in RFC 7591.`);
  return value as NewClient;
}
