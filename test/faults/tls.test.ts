// TLS that Signet speaks itself: 1.3, and 1.2 with authenticated encryption; nothing weaker.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { certificate } from '../support/certificate.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
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

test.each<[string, ConnectionOptions, string]>([
  ['1.3', { ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' }, 'TLSv1.3 TLS_AES_256_GCM_SHA384'],
  [
    '1.2',
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384' },
    'TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384',
  ],
])('TLS %s: the server takes the strongest, whatever the client puts first', async (_, options, agreed) => {
  expect(await handshake(options)).toBe(agreed);
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

describe('files that are replaced', () => {
  let directory: string;
  let server: SignetProcess;
  let port: number;
  const files = () => ({ TLS_CERT: join(directory, 'tls.crt'), TLS_KEY: join(directory, 'tls.key') });
  const put = async (pair: { cert: string; key: string }) => {
    await writeFile(files().TLS_CERT, pair.cert);
    await writeFile(files().TLS_KEY, pair.key);
  };
  /** The certificate that a new handshake shows. */
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: 'localhost', port, rejectUnauthorized: false });
      socket.once('secureConnect', () => {
        resolve(keyOf(socket.getPeerX509Certificate()!));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const ask = (agent: Agent) =>
    new Promise<number>((resolve, reject) => {
      request({ host: 'localhost', port, path: '/live', agent, rejectUnauthorized: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode!));
      })
        .on('error', reject)
        .end();
    });

  const keyOf = (shownBy: X509Certificate) => shownBy.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const inFile = ({ cert }: { cert: string }) => keyOf(new X509Certificate(cert));
  const first = certificate();
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-tls-'));
    port = await freePort();
    await put(first);
    const issuer = `https://localhost:${port}`;
    server = await startProcess({
      ...files(),
      PORT: String(port),
      PUBLIC_URL: issuer,
      DATA_DIR: join(directory, 'data'),
      DRAIN_SECONDS: '0',
      LOG_LEVEL: 'info',
    });
  }, 60_000);
  afterAll(async () => {
    server.kill('SIGTERM');
    await server.ended;
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
  });

  test('SIGHUP under load: new handshakes see the new pair, no request fails, and the server goes on', async () => {
    expect(await shown()).toBe(inFile(first));
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const over = new AbortController();
    const statuses: number[] = [];
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!over.signal.aborted) statuses.push(await ask(agent));
      }),
    );
    await expect.poll(() => statuses.length).toBeGreaterThan(4);
    const next = certificate();
    await put(next);
    server.kill('SIGHUP');
    await server.says('the TLS certificate was replaced');
    expect(await shown()).toBe(inFile(next));
    const before = statuses.length;
    await expect.poll(() => statuses.length).toBeGreaterThan(before + 4);
    over.abort();
    await load;
    expect(new Set(statuses)).toEqual(new Set([200]));
    agent.destroy();

    // Half of a pair, as a file that is just being written.
    await writeFile(files().TLS_CERT, certificate().cert);
    server.kill('SIGHUP');
    await server.says('the TLS files cannot be used; the pair before stays in use');
    await writeFile(files().TLS_CERT, 'no certificate');
    server.kill('SIGHUP');
    expect(await shown()).toBe(inFile(next));
  });
});
