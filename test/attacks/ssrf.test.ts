// Requests that Signet is talked into: addresses of this machine and its network, however they are written.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Guard, guardedFetch } from '../../src/delivery/fetcher.ts';
import { pino } from 'pino';
import { type Canary, type Elsewhere, openCanary, openElsewhere, publicAddress } from '../support/canary.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let canary: Canary;
let elsewhere: Elsewhere;
let signet: TestSignet;
let location = '';
const lines: string[] = [];
beforeAll(async () => {
  canary = await openCanary();
  elsewhere = await openElsewhere('api.example', (_request, response) => {
    response.writeHead(302, { location: Buffer.from(location).toString('latin1') }).end();
  });
  signet = await startSignet({ log: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }) });
});
afterAll(async () => {
  await canary.close();
  await elsewhere.close();
  await signet.stop();
});
afterEach(() => {
  expect(canary.calls()).toBe(0);
});

const resolve = async (host: string) => {
  if (host === 'api.example') return [{ address: publicAddress, family: 4 }];
  if (host === 'mixed.example')
    return [
      { address: publicAddress, family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
  if (host === 'mapped.example') return [{ address: '::ffff:127.0.0.1', family: 6 }];
  return [{ address: '127.0.0.1', family: 4 }];
};

/** What is told of a failure, all of it. */
async function told(url: string, followRedirect = false) {
  const guard: Guard = { ...elsewhere.guard, resolve };
  return guardedFetch(guard, { url, followRedirect, deadline: 2000 }).then(
    () => 'fetched',
    (error: Error) => ({ name: error.name, message: error.message, cause: error.cause }),
  );
}

const generic = { name: 'OutboundError', message: 'The address could not be fetched.', cause: undefined };

const targets: [string, () => string][] = [
  ...(
    '127.0.0.1 localhost LOCALHOST localhost. [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] 0.0.0.0 2130706433 ' +
    '0x7f.1 0177.0.0.1 127.1 127.0.0.1. ①②⑦.0.0.1 127。0。0。1 [::] [::127.0.0.1] 169.254.169.254 10.0.0.1 ' +
    '[fd00::1] [fe80::1] [64:ff9b::7f00:1] [2002:7f00:1::] private.example mixed.example mapped.example ' +
    'user:password@private.example api.example@127.0.0.1'
  )
    .split(' ')
    .map((host): [string, () => string] => [host, () => `https://${host}:${canary.port}/latest/meta-data`]),
  ['the port of the database', () => `https://localhost:${new URL(signet.database.url).port || 5432}/`],
  ['the port of Signet itself', () => `https://localhost:${signet.config.port}/fetched-by-itself`],
  ['http', () => `http://api.example:${canary.port}/`],
  ['http of Signet itself', () => `${signet.issuer}/fetched-by-itself`],
  ['file:', () => 'file:///etc/passwd'],
  ['data:', () => 'data:text/plain,hello'],
  ['gopher:', () => `gopher://127.0.0.1:${canary.port}/_x`],
  ['ftp:', () => `ftp://127.0.0.1:${canary.port}/`],
  ['nothing', () => ''],
  ['a relative address', () => '//'],
];

describe('M80 an address that Signet must not fetch: no connection, and the same words for each', () => {
  test.each(targets)('%s', async (_what, url) => {
    expect(await told(url())).toEqual(generic);
  });
});

describe('M80 a redirect to it, from a server that may be fetched', () => {
  test.each(targets.filter(([what]) => what !== 'nothing'))('%s', async (_what, url) => {
    location = url();
    const before = elsewhere.seen.length;
    expect(await told(`https://api.example:${elsewhere.port}/`, true)).toEqual(generic);
    expect(elsewhere.seen.length, 'the redirect was read').toBe(before + 1);
  });
});

test('M80 a name that leads elsewhere once it was checked: what was checked is dialled', async () => {
  const inside = await openCanary(['::1'], elsewhere.port);
  let asked = 0;
  const rebinding = async () => {
    asked += 1;
    return asked === 1 ? [{ address: publicAddress, family: 4 }] : [{ address: '::1', family: 6 }];
  };
  elsewhere.dialled.length = 0;
  try {
    const guard: Guard = { ...elsewhere.guard, resolve: rebinding };
    const { status } = await guardedFetch(guard, { url: `https://api.example:${elsewhere.port}/` });
    expect(status).toBe(302);
    expect(elsewhere.dialled).toEqual([publicAddress]);
    expect([asked, inside.calls()]).toEqual([1, 0]);
  } finally {
    await inside.close();
  }
});

test('M80 nothing of all this came to Signet itself', () => {
  expect(lines.filter((line) => line.includes('fetched-by-itself'))).toEqual([]);
});
