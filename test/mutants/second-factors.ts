// Removals from second factors: asked for, proven, added, removed.
import type { Mutant } from './mutant.ts';

const proving = 'test/auth/second-factors.test.ts';
const enrolment = 'test/auth/enrolment.test.ts';
const page = 'test/pages/second-factor.test.ts';
const domain = 'test/domain/factors.test.ts';
const statements = 'src/storage/second-factors.ts';
const totp = 'src/flows/second-factors/totp.ts';

export const secondFactorMutants: readonly Mutant[] = [
  {
    name: 'a partial token is good for another client',
    file: 'src/flows/first-party/half-done.ts',
    remove: '  if (client.id !== partial.clientId) throw partialTokenInvalid();\n',
    insert: '',
    test: proving,
  },
  {
    name: 'a partial token outlives a change of the password',
    file: 'src/storage/half-sign-ins.ts',
    remove: "    .where(sql<boolean>`u.password_version = (a.request->>'passwordVersion')::integer`),\n",
    insert: '    ,\n',
    test: proving,
  },
  {
    name: 'a user who was disabled at that moment gets a session',
    file: 'src/storage/first-party-sign-ins.ts',
    remove: ' AND disabled_at IS NULL AND password_version',
    insert: ' AND password_version',
    test: proving,
    title: 'a user disabled between',
  },
  {
    name: 'one partial token begins several sessions',
    file: 'src/storage/first-party-sign-ins.ts',
    remove: 'begun(p, sql`EXISTS (SELECT 1 FROM finished)`)',
    insert: 'begun(p, sql`EXISTS (SELECT 1 FROM spent)`)',
    test: proving,
  },
  {
    name: 'a TOTP step counts twice',
    file: statements,
    remove: "(kind = 'totp' AND COALESCE((data->>'step')::integer, 0) < ${p.step})",
    insert: "(kind = 'totp' AND ${p.step} IS NOT NULL)",
    test: proving,
    title: 'one step',
  },
  {
    name: 'a recovery code counts twice',
    file: statements,
    remove: "(kind = 'recovery_code' AND last_used_at IS NULL))\n        RETURNING",
    insert: "(kind = 'recovery_code' AND ${p.step}::integer IS NULL))\n        RETURNING",
    test: proving,
    title: 'one recovery code',
  },
  {
    name: 'each request has a budget of codes of its own',
    file: 'src/flows/sign-in/check-code.ts',
    remove: 'const account = { identifier: user.username, userId: user.id, knownBrowser };',
    insert:
      'const account = { identifier: user.username, userId: user.id, knownBrowser: knownBrowser ?? context.requestId };',
    test: proving,
    title: 'five wrong codes',
  },
  {
    name: 'a partial token adds a factor beside the one it is to prove',
    file: 'src/flows/first-party/second-factors.ts',
    remove: '  if (!half.mayEnrol || isSecondFactor(user.secondFactors))\n',
    insert: '  if (!half.mayEnrol && isSecondFactor(user.secondFactors) && token === "")\n',
    test: proving,
    title: 'adding a factor',
  },
  {
    name: 'a sign-in without the second factor changes factors and password',
    file: 'src/flows/first-party/bearer.ts',
    remove: '  if (!reaches(verified.grant.authentication.acr, demanded))\n',
    insert: '  if (!reaches(verified.grant.authentication.acr, demanded) && demanded === acrValues[0])\n',
    test: enrolment,
    title: 'who may',
  },
  {
    name: 'the code that adds a factor signs in as well',
    file: totp,
    remove: `    if (grant) await raise(deps, tx, acting, grant, spending);
    else await spendSecondFactor(tx, tenant.id, spending, now);
`,
    insert: '    void [raise, spendSecondFactor, spending];\n',
    test: proving,
    title: 'the code that confirmed',
  },
  {
    name: 'a program adds a second factor',
    file: totp,
    remove: " || user.kind === 'service'",
    insert: '',
    test: 'test/auth/service-accounts.test.ts',
    title: 'adds no second factor',
  },
  {
    name: 'people add second factors where the tenant lets nobody',
    file: totp,
    remove: "tenant.settings.mfa === 'off' || ",
    insert: '',
    test: proving,
    title: 'lets nobody add one',
  },
  {
    name: 'removing a factor removes whatever has that id',
    file: statements,
    remove: " AND id = ${p.id} AND kind = 'totp'\n        RETURNING id",
    insert: ' AND id = ${p.id}\n        RETURNING id',
    test: enrolment,
  },
  {
    name: "removing a factor removes somebody else's",
    file: statements,
    remove: "WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND id = ${p.id} AND kind = 'totp'",
    insert: "WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND kind = 'totp'",
    test: enrolment,
  },
  {
    name: 'recovery codes outlive the last factor',
    file: statements,
    remove: "kind = 'recovery_code' AND EXISTS (SELECT 1 FROM removed)",
    insert: "kind = 'recovery_code' AND NOT EXISTS (SELECT 1 FROM removed)",
    test: enrolment,
  },
  {
    name: 'old recovery codes outlive new ones',
    file: statements,
    remove:
      "DELETE FROM credentials WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'recovery_code'\n",
    insert: "DELETE FROM credentials WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'none'\n",
    test: enrolment,
  },
  {
    name: 'whoever has a second factor is not asked for it',
    file: 'src/domain/factors.ts',
    remove: 'isSecondFactor(enrolled) || ',
    insert: '',
    test: domain,
  },
  {
    name: 'a tenant that requires second factors gets none',
    file: 'src/domain/factors.ts',
    remove: "tenant === 'required' || ",
    insert: '',
    test: domain,
  },
  {
    name: 'a client that requires second factors gets none',
    file: 'src/domain/factors.ts',
    remove: 'client === twoFactors || ',
    insert: '',
    test: domain,
  },
  {
    name: 'browsers sign in without the second factor that the person has',
    file: 'src/flows/sign-in/demand.ts',
    remove: '    enrolled: user.secondFactors,\n',
    insert: '    enrolled: user.secondFactors.slice(9),\n',
    test: page,
  },
  {
    name: 'a session with one factor answers a request for two',
    file: 'src/domain/next-step.ts',
    remove: '  if (!reaches(session.authentication.acr, demanded)) return true;\n',
    insert: '  if (!reaches(session.authentication.acr, demanded) && now < 0) return true;\n',
    test: page,
  },
  {
    name: 'a half-done sign-in of a browser outlives a change of the password',
    file: 'src/flows/sign-in/second-factor.ts',
    remove: '    user.passwordVersion !== proof.passwordVersion ||\n',
    insert: '',
    test: page,
  },
  {
    name: 'a half-done sign-in of a browser never ends',
    file: 'src/flows/sign-in/second-factor.ts',
    remove: 'context.now - proof.at < halfDoneFor && ',
    insert: '',
    test: page,
  },
  {
    name: 'a code of a browser is not spent',
    file: 'src/flows/sign-in/second-factor.ts',
    remove: '      if (!(await spendSecondFactor(tx, tenant.id, spending, now))) throw wrongCode();\n',
    insert: '      void [tx, spendSecondFactor, wrongCode, spending];\n',
    test: page,
  },
  {
    name: 'the built-in client gets tokens to administer',
    file: 'src/flows/grants/mint.ts',
    remove: '  if (client.metadata.built_in && audience.includes(adminApiOf(tenant.issuer)))\n',
    insert: '  if (client.metadata.built_in && audience.includes(adminApiOf("")))\n',
    test: 'test/auth/login.test.ts',
    title: 'API of administrators',
  },
  {
    name: 'fields that nobody knows are let through',
    file: 'src/schemas/parts.ts',
    remove: 'additionalProperties: false',
    insert: 'additionalProperties: true',
    test: 'test/attacks/first-party.test.ts',
    title: 'M66',
  },
  {
    name: 'a GET does what a POST does at the first-party API',
    file: 'src/http/auth/plugin.ts',
    remove: '      route(scope, path, { [method]: handler }, { cors: true });\n',
    insert: '      route(scope, path, { GET: handler, [method]: handler }, { cors: true });\n',
    test: 'test/attacks/first-party.test.ts',
    title: 'M78',
  },
];
