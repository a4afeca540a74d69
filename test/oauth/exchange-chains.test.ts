// Property: whatever services exchange in whatever order, no token says more than its rules allow, and the end of the first ends all.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { accessTokenTypeUri, type Act } from '../../src/domain/token-exchange.ts';
import { exchange, service } from '../support/exchange.ts';
import { alice, bob, claimsOf, codeFlow, introspected, revokeToken, webClient, world } from '../support/flow.ts';
import { isRevokedAt } from '../support/status.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const scopes = ['a', 'b', 'c', 'd', 'e'];
const resourceOf = (n: number) => `https://r${n}.example/api`;
const resources = [0, 1, 2, 3];
const clients = [0, 1, 2, 3];
const some = fc.subarray(scopes);

/** Which scopes each resource has; what each service is, and may carry where; whom the application names in may_act. */
const worlds = fc.record({
  knows: fc.tuple(...resources.map(() => fc.subarray(scopes, { minLength: 3 }))),
  lifetimes: fc.tuple(...resources.map(() => fc.constantFrom(120, 900, 3600))),
  services: fc.tuple(
    ...clients.map(() =>
      fc.record({
        serves: fc.subarray(resources, { minLength: 2 }),
        policy: fc.uniqueArray(
          fc.record({ to: fc.nat(resources.length - 1), scopes: fc.subarray(scopes, { minLength: 2 }) }),
          { selector: ({ to }) => to, minLength: 2 },
        ),
        mayAct: fc.option(fc.nat(clients.length - 1)),
      }),
    ),
  ),
  mayAct: fc.option(fc.nat(clients.length - 1)),
});

const steps = fc.array(
  fc.record({
    by: fc.nat(clients.length - 1),
    token: fc.nat(),
    actor: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat() }),
    target: fc.oneof(
      { weight: 6, arbitrary: fc.nat(resources.length - 1).map(resourceOf) },
      { weight: 1, arbitrary: fc.constantFrom('ISSUER', 'ISSUER/admin/api', undefined) },
    ),
    scope: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some }),
    wait: fc.constantFrom(0, 0, 0, 1, 60),
  }),
  { minLength: 8, maxLength: 16 },
);

type World = typeof worlds extends fc.Arbitrary<infer W> ? W : never;
type Claims = Record<string, unknown> & { scope: string; client_id: string; exp: number; act?: Act };
const told = (token: string) => claimsOf(token) as Claims;
const audience = ({ aud }: Claims) => [aud].flat() as string[];
/** Who acted, and who exchanged, the last one first. */
const chain = (act: Act | undefined): string[] =>
  act ? [`${act.sub} by ${act.client_id ?? act.sub}`, ...chain(act.act)] : [];

test('no chain of exchanges yields more than its rules allow', async () => {
  let run = 0;
  let given = 0;
  await fc.assert(
    fc.asyncProperty(worlds, steps, async (made, asked) => {
      run += 1;
      const names = clients.map((n) => `service-${n}-${run}`);
      await signet.provision(provisionOf(made, names, `app-${run}`));
      const app = { ...webClient, client_id: `app-${run}` };
      const known = made.knows[0]!;
      const change = { scope: known.join(' '), resource: resourceOf(0) };
      const [hers, his] = [
        (await codeFlow(signet, app, { change })).tokens,
        (await codeFlow(signet, app, { change, user: bob })).tokens,
      ];
      const tokens = [hers.access_token];
      const others = [his.access_token];
      for (const n of clients) {
        const got = await exchange(signet, serviceOf(made, names, n), his.access_token);
        if (got.status === 200) others.push(got.body.access_token);
      }
      for (const step of asked) {
        signet.clock.advance(step.wait);
        const subject = tokens[step.token % tokens.length]!;
        const actor = step.actor === null ? undefined : [tokens[0]!, ...others][step.actor % (others.length + 1)]!;
        const target = step.target?.replace('ISSUER', signet.issuer);
        const client = serviceOf(made, names, step.by);
        const { status, body } = await exchange(signet, client, subject, {
          resource: target,
          scope: step.scope && step.scope.length > 0 ? step.scope.join(' ') : undefined,
          actor_token: actor,
          actor_token_type: actor && accessTokenTypeUri,
        });
        const now = Math.floor(signet.clock.now / 1000);
        const expected = allowed(
          made,
          names,
          step.by,
          told(subject),
          actor === undefined ? undefined : told(actor),
          target,
          step.scope,
          now,
        );
        expect([status, body.error_description]).toEqual([
          expected ? 200 : 400,
          expected ? undefined : expect.any(String),
        ]);
        if (!expected) continue;
        given += 1;
        const [before, after] = [told(subject), told(body.access_token)];
        for (const name of ['sub', 'sid', 'grant_id', 'auth_time', 'acr', 'amr', 'mfa_verified', 'mfa_method', 'iss'])
          expect(after[name], name).toEqual(before[name]);
        expect(audience(after)).toEqual([expected.target]);
        expect(audience(after)).not.toContain(signet.issuer);
        expect(audience(after)).not.toContain(adminApiOf(signet.issuer));
        expect(after.scope.split(' ').toSorted()).toEqual(expected.scopes.toSorted());
        expect(after.exp).toBe(expected.exp);
        expect(after.exp).toBeLessThanOrEqual(before.exp);
        expect(chain(after.act)).toEqual(expected.actors);
        expect(after.client_id).toBe(names[step.by]);
        tokens.push(body.access_token);
      }
      await endsAll(app, hers.refresh_token, made, names, tokens);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 60_000 },
  );
  expect(given).toBeGreaterThan(60);
}, 120_000);

function provisionOf(made: World, names: readonly string[], app: string) {
  return {
    users: [alice, bob].map(({ username }) => ({ username })),
    resources: resources.map((n) => ({
      identifier: resourceOf(n),
      scopes: made.knows[n]!,
      access_token_lifetime: made.lifetimes[n]!,
    })),
    clients: [
      {
        ...webClient,
        client_id: app,
        scope: scopes.join(' '),
        ...(made.mayAct !== null && { may_act: names[made.mayAct]! }),
      },
      ...clients.map((n) => serviceOf(made, names, n)),
    ],
  };
}

function serviceOf({ services }: World, names: readonly string[], n: number) {
  const { serves, policy, mayAct } = services[n]!;
  return service(names[n]!, {
    access_token_lifetime: 3600,
    ...(serves.length > 0 && { serves: serves.map(resourceOf) }),
    ...(policy.length > 0 && {
      exchange: policy.map(({ to, scopes: carried }) => ({ to: resourceOf(to), scopes: carried })),
    }),
    ...(mayAct !== null && { may_act: names[mayAct]! }),
  });
}

/** The rules once more, in the order of the RFC and not of the code. */
function allowed(
  { knows, lifetimes, services }: World,
  names: readonly string[],
  by: number,
  subject: Claims,
  actor: Claims | undefined,
  asked: string | undefined,
  wanted: readonly string[] | undefined,
  now: number,
) {
  const { serves, policy } = services[by]!;
  const isAlive = subject.exp > now && (!actor || actor.exp > now);
  const isFor = (claims: Claims) => serves.some((n) => audience(claims).includes(resourceOf(n)));
  if (!isAlive || (actor && !isFor(actor) && actor.client_id !== names[by])) return undefined;
  if (actor && actor['sub'] === subject['sub']) return undefined;
  const acting = (actor?.['sub'] as string | undefined) ?? names[by]!;
  const named = (subject['may_act'] as Act | undefined)?.sub;
  const isNamed = named === names[by];
  if (actor && named !== undefined && !isNamed && named !== actor['sub']) return undefined;
  if (!isFor(subject) && !isNamed && subject.client_id !== names[by]) return undefined;
  const target = asked ?? audience(subject)[0]!;
  const n = resources.find((one) => resourceOf(one) === target);
  if (n === undefined) return undefined;
  const entry = policy.find(({ to }) => to === n);
  const isPresent = audience(subject).includes(target);
  if (!isPresent && (!entry || !(isFor(subject) || isNamed))) return undefined;
  // Where the grant does not lead, the holder of the subject token may still carry it only by its own policy.
  const carried = subject.scope
    .split(' ')
    .filter((scope) => knows[n]!.includes(scope) && (isPresent || entry!.scopes.includes(scope)));
  const scope = wanted && wanted.length > 0 ? wanted : carried;
  if (scope.length === 0 || scope.some((one) => !carried.includes(one))) return undefined;
  const before = chain(subject.act);
  const latest = `${acting} by ${names[by]}`;
  const actors = before[0] === latest ? before : [latest, ...before];
  if (actors.length > 5) return undefined;
  const exp = Math.min(subject.exp, actor?.exp ?? Infinity, now + Math.min(lifetimes[n]!, 3600));
  return { target, scopes: [...scope], actors, exp };
}

/** Revoked by its application, the family takes everything along that came of it. */
async function endsAll(
  app: { client_id: string; client_secret: string },
  refreshToken: string,
  made: World,
  names: readonly string[],
  tokens: readonly string[],
): Promise<void> {
  await revokeToken(signet, app, { token: refreshToken });
  for (const token of tokens) {
    expect(await isRevokedAt(signet.issuer, token, signet.clock.now)).toBe(true);
    const holder = names.indexOf(told(token).client_id);
    if (holder >= 0)
      expect(await introspected(signet, serviceOf(made, names, holder), token)).toEqual({ active: false });
  }
}
