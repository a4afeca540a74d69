// The peer: oidc-provider on PostgreSQL, configured as its documents say for production, and to sign what Signet signs.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { api, client, resource, resourceScope, users } from '../world.ts';
import { openStorage } from './adapter.ts';

export type PeerSettings = { readonly port: number; readonly databaseUrl: string };

type Context = {
  oidc: { client: { clientId: string }; session: Session; account?: { accountId: string }; result?: Result };
};
type Session = { accountId: string; exp: number; grantIdFor(clientId: string): string | undefined };
type Result = { consent?: { grantId?: string } };
type Grant = {
  exp: number;
  save(): Promise<string>;
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
};
type GrantModel = {
  new (of: { clientId: string; accountId: string }): Grant;
  find(id: string): Promise<Grant | undefined>;
};

const { port, databaseUrl } = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as PeerSettings;
const storage = await openStorage(
  databaseUrl,
  users.map(({ username, password: _password, ...claims }) => ({
    id: username,
    claims: { ...claims, preferred_username: username },
  })),
);

async function privateKey(alg: 'ES256' | 'RS256'): Promise<object> {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 3072 });
  return { ...(await exportJWK(pair.privateKey)), alg, use: 'sig' };
}

const scopes = 'openid profile email';

const provider: Provider = new Provider(`http://localhost:${port}`, {
  adapter: (type: string) => storage.adapterFor(type),
  clients: [
    {
      client_id: client.client_id,
      client_secret: client.client_secret,
      token_endpoint_auth_method: client.token_endpoint_auth_method,
      redirect_uris: client.redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'RS256',
    },
    {
      client_id: api.client_id,
      client_secret: api.client_secret,
      token_endpoint_auth_method: api.token_endpoint_auth_method,
      redirect_uris: [],
      grant_types: api.grant_types,
      response_types: [],
    },
  ],
  jwks: { keys: [await privateKey('RS256'), await privateKey('ES256')] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: resourceScope,
        audience: resource,
        accessTokenTTL: 900,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // As Signet: whoever may refresh gets a refresh token, and it ends with the session.
  issueRefreshToken: () => true,
  ttl: {
    AccessToken: 900,
    AuthorizationCode: 60,
    IdToken: 3600,
    RefreshToken: 604_800,
    Session: 2_592_000,
    Grant: 2_592_000,
    Interaction: 3600,
  },
  routes: {
    authorization: '/oauth/authorize',
    token: '/oauth/token',
    userinfo: '/oauth/userinfo',
    introspection: '/oauth/introspect',
    jwks: '/oauth/jwks',
  },
  interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
  async findAccount(_context: unknown, accountId: string) {
    const claims = await storage.claimsOf(accountId);
    return claims && { accountId, claims: () => ({ sub: accountId, ...claims }) };
  },
  // The documented way to have no consent page for an application of one's own.
  async loadExistingGrant({ oidc }: Context) {
    const { Grant } = provider as unknown as { Grant: GrantModel };
    const grantId = oidc.result?.consent?.grantId ?? oidc.session.grantIdFor(oidc.client.clientId);
    if (grantId !== undefined) {
      const grant = await Grant.find(grantId);
      if (grant && oidc.account && grant.exp < oidc.session.exp) {
        grant.exp = oidc.session.exp;
        await grant.save();
      }
      return grant;
    }
    const grant = new Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope(scopes);
    grant.addResourceScope(resource, resourceScope);
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();

/** Whoever comes to sign in is whom the request hints at: how, is not measured. */
async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params['login_hint'] } });
}

const server = createServer((request, response) => {
  const isInteraction = request.url?.startsWith('/interaction/') === true;
  (isInteraction ? interact(request, response) : answer(request, response)).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
process.on('SIGINT', () => process.exit(0));
server.listen(port, 'localhost', () => process.stdout.write('ready\n'));
