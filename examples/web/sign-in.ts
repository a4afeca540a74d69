// The way to Signet and back: authorization code flow with PKCE, state and nonce, kept for the one browser that began it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import { cookieFor } from './sessions.ts';

/** What an application must know to have people sign in. */
export type ApplicationOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where browsers reach the application, without a slash at the end. Its redirect URI is `/callback` below that. */
  readonly url: string;
  /** Where the application listens, on this machine. */
  readonly port: number;
};

export type Tokens = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;

/** How a visit to Signet ended: with tokens, or with a sentence for the person that says why there are none. */
export type Outcome =
  | { readonly tokens: Tokens; readonly failure?: undefined }
  | { readonly failure: string; readonly tokens?: undefined };

export type SignIn = {
  /** For requests with the tokens. */
  readonly signet: openid.Configuration;
  /** Sends the browser to Signet. */
  begin(reply: FastifyReply): Promise<FastifyReply>;
  /** For `/callback`. */
  finish(request: FastifyRequest, reply: FastifyReply): Promise<Outcome>;
  /** Sends the browser to Signet to sign out there as well; it comes back to `/signed-out`. */
  signOut(reply: FastifyReply, idToken: string): FastifyReply;
};

/** Seconds in which a sign-in that was begun must come to its end. */
const patience = 600;

/** What is asked for: who it is, and for an application that calls an API, that API and what it wants there; and single claims. */
export type Wanted = { readonly scope: string; readonly resource?: string; readonly claims?: string };

/** Reads at the issuer where everything is. @throws when Signet cannot be reached there. */
export async function signInAt(
  name: string,
  options: ApplicationOptions,
  wanted: Wanted = { scope: 'openid profile email' },
): Promise<SignIn> {
  const { issuer, clientId, clientSecret, url } = options;
  // Plain http is for a Signet on this machine; everywhere else an issuer begins with https.
  const execute = issuer.startsWith('http:') ? [openid.allowInsecureRequests] : [];
  const signet = await openid
    .discovery(new URL(issuer), clientId, clientSecret, undefined, { execute })
    .catch((cause: unknown) => {
      throw new Error(`Signet was not found at ${issuer}. Is it running there, and is that its exact address?`, {
        cause,
      });
    });
  const cookie = cookieFor(url, `${name}-sign-in`);

  return {
    signet,

    async begin(reply) {
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const verifier = openid.randomPKCECodeVerifier();
      const location = openid.buildAuthorizationUrl(signet, {
        redirect_uri: `${url}/callback`,
        ...wanted,
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      void reply.setCookie(cookie.name, [state, nonce, verifier].join('.'), { ...cookie.options, maxAge: patience });
      return reply.redirect(location.href, 303);
    },

    async finish(request, reply) {
      const [expectedState, expectedNonce, pkceCodeVerifier] = request.cookies[cookie.name]?.split('.') ?? [];
      void reply.clearCookie(cookie.name, cookie.options);
      if (!expectedState || !expectedNonce || !pkceCodeVerifier)
        return { failure: 'No sign-in was begun in this browser, or it took too long. Sign in again.' };
      try {
        const tokens = await openid.authorizationCodeGrant(signet, new URL(request.url, url), {
          expectedState,
          expectedNonce,
          pkceCodeVerifier,
          idTokenExpected: true,
        });
        return { tokens };
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        return { failure };
      }
    },

    signOut(reply, idToken) {
      const location = openid.buildEndSessionUrl(signet, {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${url}/signed-out`,
      });
      return reply.redirect(location.href, 303);
    },
  };
}

/** How openid-client says that the answer has another state, or the ID token another nonce, than was asked with. */
const foreign = new Set<string | undefined>(['OAUTH_INVALID_RESPONSE', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED']);

/** What to tell the person; undefined when it is nothing that the person can do something about. */
function failureOf(error: unknown): string | undefined {
  if (error instanceof openid.AuthorizationResponseError)
    return error.error === 'access_denied'
      ? 'You did not allow the access. Sign in again if you want to come in after all.'
      : `Signet refused the sign-in: ${error.error}. Sign in again.`;
  if (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant')
    return 'This sign-in was used already or took too long. Sign in again.';
  if (error instanceof openid.ClientError && foreign.has(error.code))
    return 'This answer does not belong to the sign-in that this browser began. Sign in again.';
  return undefined;
}
