// One flow through a real Chromium, every response of which oauth4webapi validates as strictly as it can.
import { createHash } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { alice, world } from '../support/flow.ts';
import { htmlReply, type LocalServer, serve } from '../support/local-server.ts';
import { passTo } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const loopback = { [oauth.allowInsecureRequests]: true };
const secret = 'a-secret-that-has-at-least-32-characters';

browserTest('a strict client', (browser) => {
  let signet: TestSignet;
  let server: LocalServer;
  let redirectUri: string;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    server = await serve('strict.localhost', () => htmlReply('<p>Received</p>'));
    redirectUri = `${server.origin}/callback`;
    await signet.provision({
      clients: [
        {
          client_id: 'strict',
          client_secret: secret,
          redirect_uris: [redirectUri],
          require_auth_time: true,
          default_max_age: 600,
        },
      ],
    });
  });
  afterAll(async () => {
    await server.close();
    await signet.stop();
  });

  test('accepts discovery, the authorization response, tokens, UserInfo, a refresh and a revocation', async () => {
    const issuer = new URL(signet.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loopback));
    const client: oauth.Client = {
      client_id: 'strict',
      id_token_signed_response_alg: 'RS256',
      require_auth_time: true,
      default_max_age: 600,
      // The server's clock stands still while these tests run.
      [oauth.clockTolerance]: 60,
    };
    const authentication = oauth.ClientSecretBasic(secret);

    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const request = new URL(as.authorization_endpoint!);
    request.search = new URLSearchParams({
      client_id: 'strict',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile email',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).toString();
    const context = await browser().newContext();
    const page = await context.newPage();
    await page.goto(request.href);
    await passTo(page, /^http:\/\/strict\.localhost:\d+\/callback\?/, alice);
    const answer = new URL(page.url());
    await context.close();

    expect(answer.searchParams.get('iss')).toBe(signet.issuer);
    const callback = oauth.validateAuthResponse(as, client, answer, state);
    const tokens = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      callback,
      redirectUri,
      verifier,
      loopback,
    );
    const first = await oauth.processAuthorizationCodeResponse(as, client, tokens, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, tokens, loopback);
    const { sub, at_hash: atHash } = oauth.getValidatedIdTokenClaims(first)!;
    // OpenID Connect Core 1.0 3.1.3.6; the library leaves it alone in this flow.
    const hash = createHash('sha256').update(first.access_token).digest();
    expect(atHash).toBe(hash.subarray(0, 16).toString('base64url'));

    const api = new Request(`${signet.issuer}/anything`, {
      headers: { authorization: `Bearer ${first.access_token}` },
    });
    const access = await oauth.validateJwtAccessToken(as, api, signet.issuer, {
      ...loopback,
      [oauth.clockTolerance]: 60,
      signingAlgorithms: ['ES256'],
    });
    expect(access).toMatchObject({ sub, client_id: 'strict' });

    const info = await oauth.processUserInfoResponse(
      as,
      client,
      sub,
      await oauth.userInfoRequest(as, client, first.access_token, loopback),
    );
    expect(info).toMatchObject({ name: 'Alice Adams', email: 'alice@example.com' });

    const refresh = (token: string) => oauth.refreshTokenGrantRequest(as, client, authentication, token, loopback);
    const second = await oauth.processRefreshTokenResponse(as, client, await refresh(first.refresh_token!));
    expect(oauth.getValidatedIdTokenClaims(second)!.sub).toBe(sub);

    const revoke = (token: string) => oauth.revocationRequest(as, client, authentication, token, loopback);
    await oauth.processRevocationResponse(await revoke(second.refresh_token!));
    await expect(
      refresh(second.refresh_token!).then((response) => oauth.processRefreshTokenResponse(as, client, response)),
    ).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    await expect(
      oauth
        .authorizationCodeGrantRequest(as, client, authentication, callback, redirectUri, verifier, loopback)
        .then((response) => oauth.processAuthorizationCodeResponse(as, client, response)),
      'the code again',
    ).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});
