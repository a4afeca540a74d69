// Where the endpoints of an issuer are, below its path: routes and discovery take them from here.

export const endpoints = {
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  userinfo: '/oauth/userinfo',
  jwks: '/oauth/jwks',
  logout: '/oauth/logout',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
  status: '/oauth/status',
} as const;

/** Other addresses of UserInfo, which applications use. */
export const userinfoAliases = ['/api/userinfo'] as const;

/** What load balancers and whoever watches the process ask. */
export const opsPaths = ['/live', '/ready'] as const;

/** OpenID Connect Discovery 1.0 4 and RFC 8414 3. */
export const discoveryPaths = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'] as const;

/** Below it is the admin API; with the issuer in front it is the resource that its tokens are for. */
export const adminPath = '/admin/api';

/** What the admin API is, for everybody to read. */
export const adminReferencePath = '/admin/reference';

/** The first-party API, which discovery does not name. */
export const firstPartyEndpoints = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  password: '/auth/password',
  passwordForgot: '/auth/password/forgot',
  passwordlessRequest: '/auth/passwordless/request',
  passwordlessCode: '/auth/passwordless/code',
  passwordlessVerify: '/auth/passwordless/verify',
  verify: '/auth/verify',
  mfa: '/auth/mfa',
  mfaFactor: '/auth/mfa/:id',
  mfaVerify: '/auth/mfa/verify',
  mfaChallenge: '/auth/mfa/challenge',
  mfaTotp: '/auth/mfa/totp',
  mfaTotpConfirm: '/auth/mfa/totp/confirm',
  mfaSms: '/auth/mfa/sms',
  mfaSmsConfirm: '/auth/mfa/sms/confirm',
  mfaEmail: '/auth/mfa/email',
  mfaEmailConfirm: '/auth/mfa/email/confirm',
  mfaRecoveryCodes: '/auth/mfa/recovery-codes',
} as const;

/** Other addresses of the login, which applications use. */
export const loginAliases = ['/api/auth/login', '/api/mobile/login'] as const;

const firstPartyFolders = new Set(
  [...Object.values(firstPartyEndpoints), ...loginAliases].map((path) => path.slice(0, path.lastIndexOf('/') + 1)),
);

/** Whether an address below an issuer, its path or query included, is where the first-party API is, be there an endpoint or not. */
export function isFirstPartyAddress(url: string): boolean {
  const below = url.replace(/^\/t\/[^/?]+/, '');
  return [...firstPartyFolders].some((folder) => below.startsWith(folder));
}
