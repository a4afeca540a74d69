// Exchanging the token that a service was called with for a narrower one for the next service (RFC 8693).
import * as openid from 'openid-client';

export type ExchangeOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The resource of the next service. */
  readonly resource: string;
  readonly scope: string;
};

/** The access token for the next service, for one that came in. Rejects when Signet gives none. */
export type Exchange = (accessToken: string) => Promise<string>;

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Tokens that came in, whose exchange is remembered. */
const mostRemembered = 1000;

/** Each token is exchanged once for all its calls. Connects to nothing before the first. */
export function exchangeAt({ issuer, clientId, clientSecret, resource, scope }: ExchangeOptions): Exchange {
  // Plain http is for a Signet on this machine; everywhere else an issuer begins with https.
  const execute = issuer.startsWith('http:') ? [openid.allowInsecureRequests] : [];
  let signet: Promise<openid.Configuration> | undefined;
  const remembered = new Map<string, { readonly token: Promise<string>; renewAt: number }>();

  function configuration(): Promise<openid.Configuration> {
    if (!signet) {
      signet = openid.discovery(new URL(issuer), clientId, clientSecret, undefined, { execute });
      signet.catch(() => (signet = undefined));
    }
    return signet;
  }

  async function exchange(accessToken: string, entry: { renewAt: number }): Promise<string> {
    const tokens = await openid.genericGrantRequest(
      await configuration(),
      'urn:ietf:params:oauth:grant-type:token-exchange',
      { subject_token: accessToken, subject_token_type: accessTokenType, resource, scope },
    );
    entry.renewAt = Date.now() + (tokens.expires_in ?? 0) * 800;
    return tokens.access_token;
  }

  return (accessToken) => {
    const known = remembered.get(accessToken);
    if (known && Date.now() < known.renewAt) return known.token;
    remembered.delete(accessToken);
    if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value!);
    const entry = { renewAt: Infinity };
    const token = exchange(accessToken, entry);
    remembered.set(accessToken, Object.assign(entry, { token }));
    token.catch(() => remembered.delete(accessToken));
    return token;
  };
}

/** Why there is no token: Signet is away, which passes, or it gives this service none. */
export function notExchanged(error: Error): 'away' | 'refused' {
  return error instanceof TypeError || error.cause instanceof TypeError ? 'away' : 'refused';
}
