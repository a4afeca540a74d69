// The guarded fetcher: what it brings back, how much of it, for how long it waits, and what goes along on a redirect.
import { execFile } from 'node:child_process';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { checkTarget, type Guard, guardedFetch, type OutboundRequest } from '../../src/delivery/fetcher.ts';
import { isPublicAddress } from '../../src/delivery/public-address.ts';
import { OutboundError, parseAllowed } from '../../src/domain/outbound.ts';
import { freePort } from '../../src/testing/start.ts';
import { type Elsewhere, openCanary, openElsewhere, publicAddress } from '../support/canary.ts';
import { root } from '../support/signet-process.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function elsewhere(answer: RequestListener, name = 'api.example'): Promise<Elsewhere> {
  const server = await openElsewhere(name, answer);
  open.push(server);
  return server;
}

async function plain(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  });
  return port;
}

async function reason(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutboundError);
      expect((error as Error).message).toBe('The address could not be fetched.');
      return (error as OutboundError).reason;
    },
  );
}

describe('over https', () => {
  test('the answer comes with status, headers and body; the server is told its name', async () => {
    const { guard, port, seen, dialled } = await elsewhere((_request, response) => {
      response.writeHead(418, { 'x-kind': 'teapot' }).end('short and stout');
    });
    const request = { url: `https://api.example.:${port}/a?b=c`, method: 'POST', body: '{"a":"ä"}' } as const;
    const answer = await guardedFetch(guard, { ...request, headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.headers['x-kind'], answer.body.toString()]).toEqual([
      418,
      'teapot',
      'short and stout',
    ]);
    expect(seen).toEqual([
      expect.objectContaining({
        method: 'POST',
        url: '/a?b=c',
        body: '{"a":"ä"}',
        headers: expect.objectContaining({ host: `api.example:${port}`, 'accept-encoding': 'identity' }),
      }),
    ]);
    expect(dialled).toEqual([publicAddress]);
  });

  test('a certificate of another name, or of nobody who is trusted: nothing is sent', async () => {
    const { guard, port, seen } = await elsewhere((_request, response) => response.end());
    expect(await reason(guardedFetch(guard, { url: `https://other.example:${port}/` }))).toMatch(/ALTNAME/);
    const { ca: _ca, ...trusting } = guard;
    expect(await reason(guardedFetch(trusting, { url: `https://api.example:${port}/` }))).toMatch(/SELF_SIGNED/);
    expect(seen).toEqual([]);
  });

  test('a login in the address is not sent, nor anything else', async () => {
    const { guard, port, seen } = await elsewhere((_request, response) => response.end());
    await reason(guardedFetch(guard, { url: `https://user:secret@api.example:${port}/` }));
    expect(seen).toEqual([]);
  });
});

describe('OUTBOUND_ALLOW', () => {
  test('plain http and a private address: only at this host and port', async () => {
    const port = await plain((_request, response) => response.end('inside'));
    const guard = { allow: [{ host: '127.0.0.1', port }] };
    expect((await guardedFetch(guard, { url: `http://127.0.0.1:${port}/` })).body.toString()).toBe('inside');
    await checkTarget(guard, `http://127.0.0.1:${port}/`);
    const canary = await openCanary();
    open.push(canary);
    for (const host of ['127.0.0.1', 'localhost'])
      await reason(guardedFetch(guard, { url: `http://${host}:${canary.port}/` }));
    expect(canary.calls()).toBe(0);
  });

  test.each([
    ['sms.internal:8080', { host: 'sms.internal', port: 8080 }],
    ['SMS.Internal.:8080', { host: 'sms.internal', port: 8080 }],
    ['[0:0::1]:9090', { host: '::1', port: 9090 }],
    ['127.1:80', { host: '127.0.0.1', port: 80 }],
    ['sms.internal', undefined],
    ['sms.internal:0', undefined],
    ['sms.internal:65536', undefined],
    ['http://sms.internal:80', undefined],
    ['user@sms.internal:80', undefined],
    ['sms.internal:80/path', undefined],
    ['::1:80', undefined],
    ['*:80', undefined],
    ['', undefined],
  ])('%j', (text, target) => {
    expect(parseAllowed(text)).toEqual(target);
  });
});

describe('what comes back is bounded', () => {
  const ask = (port: number, more: Partial<OutboundRequest> = {}) =>
    guardedFetch({ allow: [{ host: '127.0.0.1', port }] }, { url: `http://127.0.0.1:${port}/`, ...more });

  test('in bytes of the body', async () => {
    const port = await plain((_request, response) => {
      for (let part = 0; part < 4; part += 1) response.write(Buffer.alloc(100 * 1024));
      response.end();
    });
    expect(await reason(ask(port))).toBe('too long');
    expect((await ask(port, { maxBytes: 400 * 1024 })).body).toHaveLength(400 * 1024);
    expect(await reason(ask(port, { maxBytes: 400 * 1024 - 1 }))).toBe('too long');
  });

  test('in bytes of the headers', async () => {
    const port = await plain((_request, response) => response.writeHead(200, { x: 'x'.repeat(20_000) }).end());
    expect(await reason(ask(port))).toBe('HPE_HEADER_OVERFLOW');
  });

  test('it is not compressed', async () => {
    const port = await plain((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    expect(await reason(ask(port))).toBe('compressed');
  });

  test('in time: resolving, the first byte and the last one', async () => {
    const silent = await plain(() => {});
    expect(await reason(ask(silent, { deadline: 100 }))).toBe('timeout');
    const endless = await plain((_request, response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    });
    expect(await reason(ask(endless, { deadline: 200 }))).toBe('timeout');
    const never = { allow: [], resolve: () => new Promise<never>(() => {}) };
    expect(await reason(guardedFetch(never, { url: 'https://api.example/', deadline: 100 }))).toBe('timeout');
  });
});

describe('a redirect', () => {
  const to = (location: string, status = 302): RequestListener => {
    return ({ url }, response) =>
      url === '/' ? response.writeHead(status, { location }).end() : response.end(`at ${url}`);
  };

  test('is the answer unless the caller follows it', async () => {
    const { guard, port, seen } = await elsewhere(to('/there'));
    const url = `https://api.example:${port}/`;
    const { status, headers } = await guardedFetch(guard, { url });
    expect([status, headers.location]).toEqual([302, '/there']);
    expect((await guardedFetch(guard, { url, followRedirect: true })).body.toString()).toBe('at /there');
    expect(seen).toHaveLength(3);
  });

  test('is followed once', async () => {
    const { guard, port, seen } = await elsewhere((_request, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    );
    const url = `https://api.example:${port}/`;
    expect(await reason(guardedFetch(guard, { url, followRedirect: true }))).toBe('second redirect');
    expect(seen).toHaveLength(2);
  });

  test('to http is not followed, not even where http is allowed', async () => {
    const inside = await plain((_request, response) => response.end('inside'));
    const { guard, port } = await elsewhere(to(`http://127.0.0.1:${inside}/`));
    const named = [
      { host: 'api.example', port },
      { host: '127.0.0.1', port: inside },
    ];
    const url = `https://api.example:${port}/`;
    const follow = (allow: Guard['allow']) => reason(guardedFetch({ ...guard, allow }, { url, followRedirect: true }));
    expect([await follow(named), await follow(named.slice(1))]).toEqual(['redirect to http', 'http']);
  });

  test('leads to what operators named only from what they named', async () => {
    const { guard, port, dialled } = await elsewhere(to('https://127.0.0.1:1/'));
    const named = [
      { host: 'api.example', port },
      { host: '127.0.0.1', port: 1 },
    ];
    const url = `https://api.example:${port}/`;
    const follow = (allow: Guard['allow']) => reason(guardedFetch({ ...guard, allow }, { url, followRedirect: true }));
    expect(await follow(named.slice(1))).toBe('an address that is not public');
    expect(dialled).not.toContain('127.0.0.1');
    expect(await follow(named)).toBe('ECONNREFUSED');
  });

  test('to another origin: neither credentials nor body go along', async () => {
    const headers = { authorization: 'Bearer secret', cookie: 'a=b', 'x-key': 'secret', accept: 'text/plain' };
    const far = await plain((request, response) => response.end(JSON.stringify(request.headers)));
    const begin = (status: number) => plain(to(`http://127.0.0.1:${far}/far`, status));
    for (const status of [301, 302, 303, 307, 308]) {
      const near = await begin(status);
      const guard = { allow: [far, near].map((port) => ({ host: '127.0.0.1', port })) };
      const request = { url: `http://127.0.0.1:${near}/`, headers, followRedirect: true };
      const got = (await guardedFetch(guard, request)).body.toString();
      expect(got, `${status}`).not.toContain('secret');
      expect(JSON.parse(got), `${status}`).toMatchObject({ accept: 'text/plain', host: `127.0.0.1:${far}` });
      const posted = guardedFetch(guard, { ...request, method: 'POST', body: 'secret' });
      if (status >= 307) expect(await reason(posted)).toBe('redirect of a body');
      else expect((await posted).body.toString()).not.toContain('content-length');
    }
  });

  test('within the origin keeps method, body and headers as HTTP says', async () => {
    for (const [status, method, body] of [
      [303, 'GET', ''],
      [307, 'POST', 'a=b'],
    ] as const) {
      const { guard, port, seen } = await elsewhere(to('/there', status));
      const request = {
        url: `https://api.example:${port}/`,
        method: 'POST',
        body: 'a=b',
        followRedirect: true,
      } as const;
      await guardedFetch(guard, { ...request, headers: { authorization: 'Bearer a' } });
      expect(seen[1]).toMatchObject({ method, body, headers: { authorization: 'Bearer a' } });
    }
  });
});

test('proxies that the environment names are not used', async () => {
  const port = await plain((_request, response) => response.end('straight'));
  const proxy = await openCanary();
  open.push(proxy);
  const script = `
    import { guardedFetch } from './src/delivery/fetcher.ts';
    const allow = [{ host: '127.0.0.1', port: ${port} }];
    const { body } = await guardedFetch({ allow }, { url: 'http://127.0.0.1:${port}/' });
    console.log(body.toString());`;
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  const env = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${proxy.port}`]));
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: { ...process.env, ...env, NODE_USE_ENV_PROXY: '1', NO_PROXY: '', no_proxy: '' },
  });
  expect([stdout.trim(), proxy.calls()]).toEqual(['straight', 0]);
});

test.each([
  ['8.8.8.8', true],
  ['::ffff:8.8.8.8', true],
  ['2606:4700::1111', true],
  ['', false],
  ...(
    '0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 168.63.129.16 ' +
    '169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 ' +
    '198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ' +
    '::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:a9fe:a9fe 0:0:0:0:0:ffff:10.0.0.1 ::ffff:0:127.0.0.1 ' +
    '64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1::1 3fff::1 ' +
    '5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%lo 2606:4700::1111%lo fec0::1 ff02::1 localhost ' +
    '2130706433'
  )
    .split(' ')
    .map((address): [string, boolean] => [address, false]),
])('%j is public: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
