// `signet/verifier`: checks the access tokens that come to an API, without a call to Signet for each.
import { bearerChallenge, bearerToken } from './challenge.ts';
import { KeysUnavailable, StatusUnavailable, TokenError, type TokenErrorCode } from './errors.ts';
import type { Status } from './kept-list.ts';
import { createKeySet } from './key-set.ts';
import { assertNeeds, type Needs, unmetNeed } from './needs.ts';
import { checkedOptions, type Revocation, type VerifierOptions } from './options.ts';
import { type ProtectedResource, protectedResourceMetadata, protectedResourcePath } from './protected-resource.ts';
import { isInTime, judgeSignedToken, longestToken, type SignedTokenFault } from './signed-token.ts';
import { createStatusLists, type ListedToken } from './status-lists.ts';
import { statusReference } from './status-reference.ts';
import type { UsableKey } from './usable-keys.ts';
import { type VerifiedToken, verifiedToken } from './verified-token.ts';
import { createVerifiedTokens, deepFrozen } from './verified-tokens.ts';

export {
  bearerToken,
  KeysUnavailable,
  protectedResourceMetadata,
  protectedResourcePath,
  StatusUnavailable,
  TokenError,
};
export type { Needs, ProtectedResource, Revocation, TokenErrorCode, VerifiedToken, VerifierOptions };

export type Verifier = {
  /**
   * RFC 9068 4, RFC 6750 3.1, RFC 9470 3: the token if it is good, was not revoked and meets the needs. Undefined: no token
   * came along. Rejects with TokenError; with KeysUnavailable or StatusUnavailable, which are not the token's fault; or with
   * TypeError for what is no need.
   */
  verify(token: string | undefined, needs?: Needs): Promise<VerifiedToken>;
  /**
   * RFC 9068 4: the same, without waiting, of a token that was verified before; undefined when `verify` must be asked.
   * @throws TokenError when it was revoked or does not meet the needs; TypeError for what is no need
   */
  verifyNow(token: string, needs?: Needs): VerifiedToken | undefined;
  /** Fetches the keys ahead of the first token, for the start of a server. Rejects with KeysUnavailable. */
  prime(): Promise<void>;
};

const descriptions: Readonly<Record<SignedTokenFault, string>> = {
  malformed: 'The access token is not valid here.',
  audience: 'The access token is for another audience.',
  expired: 'The access token has expired.',
  early: 'The access token is not valid yet.',
};

/** What is remembered of a token, with what it stands and falls with. */
type Remembered = {
  readonly token: VerifiedToken;
  /** The same, for whoever awaits it. */
  readonly promise: Promise<VerifiedToken>;
  readonly kid: string;
  readonly key: UsableKey;
  /** Where it would be said that it was revoked. */
  readonly listed: ListedToken | undefined;
};

/** A verifier of one issuer's access tokens; make it once. Connects to nothing before it is used. @throws TypeError that says what to do */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = checkedOptions(options);
  const { audience, clockTolerance, now: clock, resourceMetadata } = settings;
  const mayBeIdToken = settings.types.some((type) => type !== 'at+jwt');
  const keySet = createKeySet(settings);
  const statusLists = createStatusLists(settings, keySet);
  const remembered = createVerifiedTokens<Remembered>(settings.cachedTokens);

  function refusal(status: 401 | 403, code: TokenErrorCode, description: string, more: Record<string, string> = {}) {
    // RFC 6750 3.1: who brings no token is told no error.
    const error = code === 'missing_token' ? {} : { error: code, error_description: description };
    const parameters = { realm: audience[0], ...error, ...more, resource_metadata: resourceMetadata };
    return new TokenError(status, code, description, bearerChallenge(parameters));
  }

  function assertMet(token: VerifiedToken, needs: Needs | undefined, now: number): void {
    if (!needs) return;
    const unmet = unmetNeed(token, needs, { now: Math.floor(now / 1000), clockTolerance });
    if (unmet) throw refusal(unmet.status, unmet.code, unmet.description, unmet.parameters);
  }

  /** What is remembered of the token, while it is in its time and the same key still counts. */
  function recall(token: string, now: number): Remembered | undefined {
    if (token.length > longestToken) return undefined;
    const found = remembered.find(token);
    if (!found) return undefined;
    const stands = isInTime(found.token.claims, now, clockTolerance) && keySet.current(found.kid, now) === found.key;
    return stands ? found : undefined;
  }

  function assertGood(status: Status): void {
    if (status === 'revoked') throw refusal(401, 'invalid_token', 'The access token was revoked.');
    if (status === 'outside') throw refusal(401, 'invalid_token', descriptions.malformed);
  }

  /** Whether it can be said without waiting that the token was not revoked. @throws TokenError when it was */
  function isGoodNow(listed: ListedToken | undefined, now: number): boolean {
    if (!listed) return true;
    const status = statusLists.statusNow(listed, now);
    if (status) assertGood(status);
    return status !== undefined;
  }

  /** Waits for the status list, without a look at the signature. */
  async function whenListed({ token, listed }: Remembered, needs: Needs | undefined): Promise<VerifiedToken> {
    assertGood(await statusLists.status(listed!));
    assertMet(token, needs, clock());
    return token;
  }

  async function verifyAnew(token: string, needs: Needs | undefined): Promise<VerifiedToken> {
    const now = clock();
    let used: { kid: string; key: UsableKey } | undefined;
    const using = (kid: string, key: UsableKey | undefined) => {
      if (key) used = { kid, key };
      return key;
    };
    const keyNamed = (kid: string) => {
      const key = keySet.current(kid, now);
      return key ? using(kid, key) : keySet.keyNamed(kid).then((fetched) => using(kid, fetched));
    };
    const { issuer, types, algorithms, revocation } = settings;
    const rules = { keyNamed, types, issuer, audience, algorithms, now, clockTolerance };
    const judged = await judgeSignedToken(token, rules);
    if (typeof judged === 'string') throw refusal(401, 'invalid_token', descriptions[judged]);
    const verified = verifiedToken(judged, mayBeIdToken);
    if (!verified) throw refusal(401, 'invalid_token', descriptions.malformed);
    const listed: ListedToken | 'malformed' | undefined =
      revocation === 'off' ? undefined : statusReference(judged, issuer);
    if (listed === 'malformed') throw refusal(401, 'invalid_token', descriptions.malformed);
    if (listed && !isGoodNow(listed, clock())) assertGood(await statusLists.status(listed));
    if (settings.cachedTokens > 0) {
      deepFrozen(verified);
      remembered.keep(token, { token: verified, promise: Promise.resolve(verified), listed, ...used! });
    }
    assertMet(verified, needs, now);
    return verified;
  }

  return {
    prime: () => keySet.prime(),
    verifyNow(token, needs) {
      if (needs) assertNeeds(needs);
      const now = clock();
      const found = recall(token, now);
      if (found && !isGoodNow(found.listed, now)) return undefined;
      if (found) assertMet(found.token, needs, now);
      return found?.token;
    },
    // Not async: what is remembered is answered with the promise that is remembered.
    verify(token, needs) {
      try {
        if (needs) assertNeeds(needs);
        if (token === undefined || token === '') throw refusal(401, 'missing_token', 'An access token is needed.');
        const now = clock();
        const found = recall(token, now);
        if (!found) return verifyAnew(token, needs);
        if (!isGoodNow(found.listed, now)) return whenListed(found, needs);
        assertMet(found.token, needs, now);
        return found.promise;
      } catch (error) {
        return Promise.reject(error);
      }
    },
  };
}
