// Removals in client authentication, redirect URIs, TLS and forms.
import type { Mutant } from './mutant.ts';

const authenticate = 'src/flows/clients/authenticate.ts';
const redirectUri = 'src/domain/redirect-uri.ts';

export const clientMutants: readonly Mutant[] = [
  {
    name: 'client secret is not compared',
    file: 'src/flows/clients/prove-by-secret.ts',
    remove: 'isSecret(deps, tenant.id, client.id, secret, stored)',
    insert: "isSecret(deps, tenant.id, client.id, secret, stored) || secret !== ''",
    test: 'test/attacks/refresh.test.ts',
    title: 'M50',
  },
  {
    name: 'registered authentication method is not enforced',
    file: authenticate,
    remove: '!client.authMethods.includes(method)',
    insert: `!client.authMethods.includes(method) && method === 'client_secret_basic'`,
    test: 'test/attacks/refresh.test.ts',
    title: 'M50',
  },
  {
    name: 'two authentication methods at once',
    file: 'src/flows/clients/presented.ts',
    remove: 'const used = [authorization, secret, assertion]',
    insert: 'const used = [authorization ?? secret, assertion]',
    test: 'test/oauth/authenticate-client.test.ts',
  },
  {
    name: 'a disabled client goes on',
    file: 'src/flows/clients/current.ts',
    remove: 'return client?.disabled ? undefined : client;',
    insert: 'return client;',
    test: 'test/attacks/refresh.test.ts',
    title: 'M50',
  },
  {
    name: 'grant type is not checked against the registration',
    file: 'src/flows/grants/exchange.ts',
    remove: '!client.metadata.grant_types.includes(grantType)',
    insert: 'false',
    test: 'test/oauth/token-request.test.ts',
  },
  {
    name: 'redirect URI need not be registered',
    file: 'src/flows/authorize/request.ts',
    remove: 'matchRedirectUri(client.metadata.redirect_uris, redirectUri, isPublic(client.metadata)) === undefined',
    insert: 'false',
    test: 'test/attacks/redirect-uris.test.ts',
    title: 'M01',
  },
  {
    name: 'loopback port varies for confidential clients',
    file: redirectUri,
    remove: 'if (!isPublicClient) return undefined;',
    insert: '',
    test: 'test/oauth/authorize-redirect-uri.test.ts',
  },
  {
    name: 'loopback rule ignores the path',
    file: redirectUri,
    remove: 'known[1] === asked[1] && known[3] === asked[3]',
    insert: 'known[1] === asked[1]',
    test: 'test/oauth/authorize-redirect-uri.test.ts',
  },
  {
    name: 'http redirect URIs beyond loopback may be registered',
    file: redirectUri,
    remove: "url.protocol === 'http:' && !isLoopbackHost(url.hostname)",
    insert: "url.hostname === ''",
    test: 'test/domain/redirect-uri.test.ts',
  },
  {
    name: 'post-logout redirect URI need not be registered',
    file: 'src/flows/logout.ts',
    remove:
      'matchRedirectUri(client.metadata.post_logout_redirect_uris, asked, isPublic(client.metadata)) === undefined',
    insert: 'false',
    test: 'test/oauth/logout.test.ts',
  },
  {
    name: 'any TLS is spoken',
    file: 'src/app.ts',
    remove: 'https: { ...options.tls, ...tlsPolicy,',
    insert: 'https: { ...options.tls,',
    test: 'test/faults/tls.test.ts',
  },
  {
    name: 'a form that is not UTF-8 is repaired',
    file: 'src/http/forms.ts',
    remove: `if (text.includes('\\uFFFD')) throw malformed('is not valid UTF-8');`,
    insert: '',
    test: 'test/oauth/malformed-bodies.test.ts',
    title: 'a form with invalid UTF-8',
  },
  {
    name: 'a request without scope gets what lasts while the person is away',
    file: 'src/flows/clients/grantable.ts',
    remove: 'registered.filter((scope) => !neverUnasked.includes(scope))',
    insert: 'registered.filter((scope) => neverUnasked.includes(scope) || scope !== "")',
    test: 'test/oauth/scopes-and-resources.test.ts',
    title: 'asked undefined',
  },
];
