// What is made of each answer of a Postgres socket, and that no connection outlives its question.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { probe, SOCKET_NAME } from '../../src/embedded/probe.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const place = () => ({ directory, owner: process.getuid!() });

/** Something on the socket that does `answer` on the first bytes, and never closes its own end by itself. */
async function listen(answer: (socket: Socket) => void): Promise<{ opened: number; closed: number }> {
  const seen = { opened: 0, closed: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    seen.opened += 1;
    socket.once('data', () => answer(socket));
    socket.on('error', () => {});
    socket.on('end', () => (seen.closed += 1));
  });
  await new Promise<void>((resolve) => server.listen(join(directory, SOCKET_NAME), resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return seen;
}

/** PostgreSQL protocol 3.0, "Message Formats". */
function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}
const refusal = (code: string) => message('E', `SFATAL\0VFATAL\0C${code}\0Mno\0\0`);
const welcome = Buffer.concat([message('R', '\0\0\0\0'), message('Z', 'I')]);
const passwordWanted = message('R', '\0\0\0\x03');

test.each<[string, (socket: Socket) => void, string]>([
  ['takes the connection', (socket) => socket.write(welcome), 'ready'],
  ['cannot connect now', (socket) => socket.end(refusal('57P03')), 'busy'],
  ['has no slot left', (socket) => socket.end(refusal('53300')), 'ready'],
  ['has no such database', (socket) => socket.end(refusal('3D000')), 'ready'],
  ['does not let this user in', (socket) => socket.end(refusal('28000')), 'ready'],
  ['refuses and keeps the connection open', (socket) => socket.write(refusal('53300')), 'ready'],
  [
    'wants a password',
    (socket) => {
      socket.once('data', () => socket.end(refusal('28P01')));
      socket.write(passwordWanted);
    },
    'ready',
  ],
  ['says nothing', () => {}, 'busy'],
  ['says half of it', (socket) => socket.write(welcome.subarray(0, 7)), 'busy'],
  ['hangs up', (socket) => socket.end(), 'busy'],
  ['breaks the connection', (socket) => socket.destroy(), 'busy'],
  [
    'takes the connection and breaks it',
    (socket) => {
      socket.write(welcome, () => socket.destroy());
    },
    'ready',
  ],
])('one that %s', async (what, answer, expected) => {
  const seen = await listen(answer);
  expect(await probe(place())).toBe(expected);
  expect(seen.opened).toBe(1);
  if (!what.includes('break')) await expect.poll(() => seen.closed).toBe(1);
});

test('nobody listens: gone', async () => {
  expect(await probe(place())).toBe('gone');
});

test('a socket of another user: what to do', async () => {
  await listen(() => {});
  await chmod(join(directory, SOCKET_NAME), 0o000);
  // Root may use every socket: so nobody asks.
  const isRoot = process.geteuid!() === 0;
  if (isRoot) process.seteuid!('nobody');
  try {
    await expect(probe(place())).rejects.toThrow('belongs to another user');
  } finally {
    if (isRoot) process.seteuid!(0);
  }
});
