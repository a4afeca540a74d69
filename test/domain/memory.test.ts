// The memory of a process: one load for many, dropped by a change, old after a minute, bounded.
import { beforeEach, describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import { createMemory, type Memory } from '../../src/storage/memory.ts';

let time: number;
let memory: Memory;
let loads: number;
beforeEach(() => {
  time = 0;
  loads = 0;
  memory = createMemory(() => time);
});

const load = <T>(value: T) => {
  loads += 1;
  return Promise.resolve(value);
};
const client = (value: unknown = 'v', tenant = 't') => memory.get('client', tenant, 'web', () => load(value));

test('many at the same time: one load; later ones: none', async () => {
  expect(await Promise.all([client(), client(), client()])).toEqual(['v', 'v', 'v']);
  expect([await client('w'), loads]).toEqual(['v', 1]);
});

test('after a minute it is loaded again', async () => {
  await client();
  time = 59_999;
  expect(await client('w')).toBe('v');
  time = 60_000;
  expect(await client('w')).toBe('w');
});

test('a change drops what it is about, and nothing else', async () => {
  await client();
  await client('v', 'other');
  memory.drop({ kind: 'client', tenantId: 't', entity: 'web' });
  expect([await client('w'), await client('w', 'other')]).toEqual(['w', 'v']);
});

test('a changed tenant is dropped under all its names', async () => {
  for (const name of ['slug acme', 'host acme.example', 'id 1']) await memory.get('tenant', '-', name, () => load('v'));
  memory.drop({ kind: 'tenant', tenantId: '1', entity: '1' });
  for (const name of ['slug acme', 'host acme.example', 'id 1'])
    expect(await memory.get('tenant', '-', name, () => load('w'))).toBe('w');
});

describe('a change while something is being loaded', () => {
  test('what was read before it is not kept, and who comes after it does not get it', async () => {
    const slow = Promise.withResolvers<string>();
    const early = memory.get('client', 't', 'web', () => slow.promise);
    memory.drop({ kind: 'client', tenantId: 't', entity: 'web' });
    const late = client('new');
    slow.resolve('old');
    expect([await early, await late, await client('unread')]).toEqual(['old', 'new', 'new']);
  });
});

describe('what is not there', () => {
  test.each(['client', 'resource', 'keys'] as const)(
    'of the kind %s: asked for each time, and known at once when it is made',
    async (kind) => {
      for (let i = 0; i < 3; i += 1)
        expect(await memory.get(kind, 't', 'unknown', () => load(undefined))).toBeUndefined();
      expect(loads).toBe(3);
      expect(await memory.get(kind, 't', 'unknown', () => load('made'))).toBe('made');
    },
  );

  test('however many are asked for, they push nothing out that is there', async () => {
    await memory.get('tenant', '-', 'slug default', () => load('v'));
    for (let i = 0; i <= 10_000; i += 1) await memory.get('tenant', '-', `host h${i}`, () => load(undefined));
    expect(await memory.get('tenant', '-', 'slug default', () => load('w'))).toBe('v');
  });
});

describe('when the database is out of reach', () => {
  const fail = () => Promise.reject(new Unavailable('no'));
  test.each(['tenant', 'keys'] as const)('%s that are too old are better than none', async (kind) => {
    await memory.get(kind, 't', 'x', () => load('v'));
    time = 3_600_000;
    expect(await memory.get(kind, 't', 'x', fail)).toBe('v');
    expect(await memory.get(kind, 't', 'x', () => load('w'))).toBe('w');
  });

  test.each(['client', 'resource'] as const)('a %s that is too old is not used', async (kind) => {
    await memory.get(kind, 't', 'x', () => load('v'));
    time = 60_000;
    await expect(memory.get(kind, 't', 'x', fail)).rejects.toThrow(Unavailable);
  });

  test('what was dropped is gone, and a failure is not remembered', async () => {
    await memory.get('keys', 't', 'x', () => load('v'));
    memory.drop({ kind: 'keys', tenantId: 't', entity: 'x' });
    await expect(memory.get('keys', 't', 'x', fail)).rejects.toThrow(Unavailable);
    expect(await memory.get('keys', 't', 'x', () => load('w'))).toBe('w');
  });
});

test('ten thousand of a kind are kept, the oldest makes room, and other kinds keep theirs', async () => {
  await memory.get('keys', 't', 'x', () => load('v'));
  for (let i = 0; i <= 10_000; i += 1) await memory.get('client', 't', `c${i}`, () => load(i));
  loads = 0;
  await memory.get('client', 't', 'c1', () => load(1));
  await memory.get('keys', 't', 'x', () => load('w'));
  expect(loads).toBe(0);
  await memory.get('client', 't', 'c0', () => load(0));
  expect(loads).toBe(1);
});

describe('what is not there', () => {
  const tenant = (value?: unknown, host = 'odd.example') =>
    memory.get('tenant', '-', `host ${host}`, () => load(value));
  const away = () =>
    memory.get('tenant', '-', 'host odd.example', () => Promise.reject(new Unavailable('the database is away')));

  test('that there is no such tenant is kept for a minute, until a tenant changes, and while the database is away', async () => {
    expect([await tenant(), await tenant('new'), loads]).toEqual([undefined, undefined, 1]);
    memory.drop({ kind: 'tenant', tenantId: 't', entity: 't' });
    expect([await tenant('new'), loads]).toEqual(['new', 2]);
    memory.drop({ kind: 'tenant', tenantId: 't', entity: 't' });
    await tenant();
    time = 60_000;
    expect(await away()).toBeUndefined();
  });

  test('of a thousand names, and none of them pushes out what is there', async () => {
    await tenant('here', 'here.example');
    for (let i = 0; i < 12_000; i += 1) await tenant(undefined, `${i}.example`);
    loads = 0;
    expect(await tenant('again', 'here.example')).toBe('here');
    await tenant(undefined, '11999.example');
    expect(loads).toBe(0);
    await tenant(undefined, '0.example');
    expect(loads).toBe(1);
  });

  test('of other kinds it is asked anew: a client may be registered at any moment', async () => {
    await memory.get('client', 't', 'web', () => load(undefined));
    await memory.get('client', 't', 'web', () => load(undefined));
    expect(loads).toBe(2);
  });
});
