// A body that comes a byte at a time, and a head that does: the socket is not held for longer than a request may take.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet();
});
afterAll(() => signet.stop());

/** Milliseconds until the server ends the connection, while a byte comes each half second. */
function heldFor(head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(signet.issuer);
    const begun = performance.now();
    const socket = connect(Number(port), hostname, () => socket.write(head));
    const timer = setInterval(() => socket.write('a'), 500);
    socket.resume().on('close', () => {
      clearInterval(timer);
      resolve(performance.now() - begun);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
  });
}

// Fifteen seconds, and five between two looks; Node's own half minute and minute would be above this.
const longest = 25_000;

test.each([
  [
    'body',
    'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n',
  ],
  ['head', 'GET /live HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
])('a slow %s', { timeout: 60_000, concurrent: true }, async (_what, head) => {
  expect(await heldFor(head)).toBeLessThan(longest);
});
