// TLS that Signet speaks itself: 1.3, and 1.2 with authenticated encryption; nothing weaker.
import { request } from 'node:https';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificate } from '../support/certificate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
const tls = certificate();
beforeAll(async () => {
  signet = await startSignet({ config: { tls } });
});
afterAll(() => signet.stop());

/** What was agreed on, or why nothing was. */
function handshake(options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const port = Number(new URL(signet.issuer).port);
    const socket = connect({ host: 'localhost', port, ca: tls.cert, checkServerIdentity: () => undefined, ...options });
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once('error', () => resolve('refused'));
  });
}

test.each<[string, ConnectionOptions, RegExp]>([
  ['1.3', { minVersion: 'TLSv1.3' }, /^TLSv1\.3 TLS_/],
  [
    '1.2 with AES-GCM',
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    /^TLSv1\.2 ECDHE-ECDSA-AES128-GCM/,
  ],
  [
    '1.2 with ChaCha20-Poly1305',
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
    /^TLSv1\.2 .*CHACHA20/,
  ],
])('TLS %s is spoken', async (_, options, agreed) => {
  expect(await handshake(options)).toMatch(agreed);
});

test.each<[string, ConnectionOptions]>([
  ['1.2 with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' }],
  ['1.2 without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:@SECLEVEL=0' }],
  ['1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
  ['1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }],
])('TLS %s is refused', async (_, options) => {
  expect(await handshake(options)).toBe('refused');
});

test('the issuer is https, and its cookies are for https only', async () => {
  const answer = await new Promise<{ status: number; cookies: string[]; body: string }>((resolve, reject) => {
    const options = { ca: tls.cert, checkServerIdentity: () => undefined };
    const sent = request(`${signet.issuer}/sign-in`, options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () =>
        resolve({ status: response.statusCode!, cookies: response.headers['set-cookie'] ?? [], body }),
      );
    });
    sent.on('error', reject).end();
  });
  expect(answer.status).toBe(200);
  expect(answer.cookies).toEqual([expect.stringMatching(/^__Host-signet-default-browser=.*; Secure/)]);
});
