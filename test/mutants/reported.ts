// Removals from what was reported about identity providers, here and elsewhere.
import type { Mutant } from './mutant.ts';

const reported = 'test/oauth/reported.test.ts';

export const reportedMutants: readonly Mutant[] = [
  {
    name: 'a sealed attempt is good in any browser',
    file: 'src/flows/sign-in/attempt.ts',
    remove: 'if (seal ? seal.browser !== text(hash) : !isAttemptId(attemptId)) throw attemptUnknown();',
    insert: 'if (!seal && !isAttemptId(attemptId)) throw attemptUnknown();',
    test: 'test/attacks/strangers.test.ts',
    title: 'a sealed attempt is',
  },
  {
    name: 'a sealed attempt is good for ever',
    file: 'src/flows/sign-in/sealed-attempt.ts',
    remove: 'return attempt.expiresAt > now ? attempt : undefined;',
    insert: 'return attempt.expiresAt > 0 || now > 0 ? attempt : undefined;',
    test: 'test/attacks/strangers.test.ts',
    title: 'a sealed attempt is',
  },
  {
    name: 'an attempt that has its row begins anew from its seal',
    file: 'src/flows/sign-in/attempt.ts',
    remove: '  if (row) return row;\n',
    insert: '  if (row && !seal) return row;\n',
    test: 'test/attacks/strangers.test.ts',
    title: 'a sealed attempt is',
  },
  {
    name: 'an address is whatever a proxy wrote',
    file: 'src/http/address.ts',
    remove: '  const given = bareAddress(request.ip);\n',
    insert: '  const given = request.ip;\n',
    test: 'test/attacks/addresses.test.ts',
  },
  {
    name: 'somebody is sent away on the word of a hint that proves nothing',
    file: 'src/flows/logout.ts',
    remove: 'const redirect = isOnItsWord ? undefined : redirectAfter(client, params);',
    insert: 'const redirect = isOnItsWord ? params.get("post_logout_redirect_uri") : redirectAfter(client, params);',
    test: reported,
  },
  {
    name: 'a hint that proves nothing is silently somebody',
    file: 'src/flows/authorize/request.ts',
    remove: "  if (hint !== undefined && hintedUserId === undefined && prompt.includes('none'))\n",
    insert: "  if (hint === '' && hintedUserId === undefined && prompt.includes('none'))\n",
    test: reported,
  },
  {
    name: 'a form of sign-out is good for ever',
    file: 'src/flows/logout.ts',
    remove: '  if (!form || form.until < now)\n',
    insert: '  if (!form)\n',
    test: reported,
  },
  {
    name: 'what a stranger wrote is our own sentence',
    file: 'src/domain/params.ts',
    remove: "(repeated.length > 0 ? 'A parameter' : undefined)",
    insert: 'repeated[0]',
    test: reported,
  },
  {
    name: 'a form is good in another session',
    file: 'src/flows/sign-in/session.ts',
    remove: '  return `${userId} ${id}`;\n',
    insert: '  return `${userId.length} ${id.length}`;\n',
    test: reported,
  },
  {
    name: 'names that cannot be told apart are names',
    file: 'src/domain/user.ts',
    remove: "  if (unseen.test(username.normalize('NFKC')))\n",
    insert: "  if (username === '')\n",
    test: reported,
  },
  {
    name: 'a client is named like an API',
    file: 'src/flows/clients/save.ts',
    remove: '  if (!known) assertNoApi(tenant, id, await listResources(tx, tenant.id));\n',
    insert: '  void listResources;\n',
    test: reported,
  },
  {
    name: 'an API is named like a client',
    file: 'src/flows/resources/save.ts',
    remove: 'entry.identifier === tenant.issuer || (await findClient(tx, tenant.id, entry.identifier))',
    insert: 'entry.identifier === tenant.issuer && (await findClient(tx, tenant.id, entry.identifier))',
    test: reported,
  },
  {
    name: 'time tells which names there are',
    file: 'src/crypto/passwords.ts',
    remove: '      if (lacking > 0) await compute(password, topUp(lacking, parameters.memoryKiB), nobody.salt, 32);\n',
    insert: '      void [lacking, topUp];\n',
    test: 'test/domain/passwords.test.ts',
  },
  {
    name: 'a byte a second holds a socket for a minute',
    file: 'src/app.ts',
    remove: 'http: { connectionsCheckingInterval, headersTimeout }',
    insert: 'http: { connectionsCheckingInterval }',
    test: 'test/attacks/slow-bodies.test.ts',
  },
];
