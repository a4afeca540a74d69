// A program in plain JavaScript that uses `signet/verifier` as it is installed, beside nothing but jose.

/** Prints `checked` and the version of Node; fails with what is wrong. */
export const plainVerifier = `
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createVerifier, protectedResourceMetadata, TokenError } from 'signet/verifier';
import { requireToken as expressStyle } from 'signet/verifier/express';
import { requireToken as fastifyStyle } from 'signet/verifier/fastify';
import { requireToken } from 'signet/verifier/fetch';
import { requireToken as honoStyle } from 'signet/verifier/hono';

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'first', alg: 'ES256', use: 'sig' };
const server = createServer((request, response) => {
  const body = request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: issuer + '/jwks' };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = 'http://127.0.0.1:' + server.address().port;
const audience = 'https://api.example';
const token = (claims = {}) =>
  new SignJWT({ iss: issuer, aud: audience, sub: 'ada', client_id: 'desk', jti: '1', scope: 'read', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'first', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);

const verifier = createVerifier({ issuer, audience });
await verifier.prime();
const good = await token();
assert.equal((await verifier.verify(good, { scopes: ['read'] })).subject, 'ada');
assert.equal(verifier.verifyNow(good).clientId, 'desk');
await assert.rejects(verifier.verify(good, { scopes: ['write'] }), (error) => error instanceof TokenError && error.status === 403);
await assert.rejects(verifier.verify(await token({ aud: 'https://other.example' })), { code: 'invalid_token' });
const handler = requireToken(verifier, { scopes: ['read'] }, (_request, { subject }) => new Response(subject));
const ask = (headers) => handler(new Request(audience, { headers }));
assert.equal(await (await ask({ authorization: 'Bearer ' + good })).text(), 'ada');
const refused = await ask({});
assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer realm="https://api.example"']);
for (const adapter of [expressStyle, fastifyStyle, honoStyle]) assert.equal(typeof adapter(verifier), 'function');
assert.equal(protectedResourceMetadata({ resource: audience, authorizationServers: [issuer] }).resource, audience);
server.close();
server.closeAllConnections();
// Keys that are here go on without the issuer.
assert.equal((await verifier.verify(await token({ jti: '2' }))).subject, 'ada');
console.log('checked on ' + process.version);
`;
