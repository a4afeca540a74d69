// Removals in what people end on their account page.
import type { Mutant } from './mutant.ts';

const fresh = 'src/flows/account/fresh.ts';
const security = 'test/pages/account-security.test.ts';
const test = 'test/pages/account-sessions.test.ts';

export const accountMutants: readonly Mutant[] = [
  {
    name: 'account: an old sign-in ends other sessions',
    file: fresh,
    remove: 'isFormToken(deps, person.session, given) ? orAsk(deps, context, person, cookies, change) :',
    insert: 'isFormToken(deps, person.session, given) ? person :',
    test,
    title: 'signs in again',
  },
  {
    name: 'account: a proof is fresh for ever',
    file: 'src/domain/session.ts',
    remove: 'Math.abs(now - authentication.at) < freshProof',
    insert: 'Math.abs(now - authentication.at) < freshProof * 2',
    test,
    title: 'signs in again',
  },
  {
    name: 'account: a change is done without the form of this session',
    file: fresh,
    remove: 'isFormToken(deps, person.session, given) ?',
    insert: 'isFormToken(deps, person.session, given ?? "") || true ?',
    test,
    title: 'only with the form token',
  },
  {
    name: 'account: signing out needs a proof',
    file: fresh,
    remove: 'return isSignOut || isProven',
    insert: 'return (isSignOut && false) || isProven',
    test,
    title: 'never need a proof',
  },
  {
    name: 'account: what one person was about to end waits for another',
    file: 'src/domain/account-change.ts',
    remove: 'waiting?.userId === userId ? waiting.change : undefined',
    insert: 'userId === "" ? undefined : waiting?.change',
    test,
    title: 'somebody else at the prompt',
  },
  {
    name: 'account: a link to the question needs no proof',
    file: fresh,
    remove: "return person ? orAsk(deps, context, person, cookies, change) : 'nobody';",
    insert: "return person ? (cookies ? person : orAsk(deps, context, person, cookies, change)) : 'nobody';",
    test,
    title: 'ends nothing; without a fresh proof',
  },
  {
    name: 'account: signing out everywhere else takes this browser along',
    file: 'src/storage/tenant-sessions.ts',
    remove: ' AND sessions.id IS DISTINCT FROM ${p.kept}',
    insert: ' AND (sessions.id IS DISTINCT FROM ${p.kept} OR true)',
    test,
    title: 'all others end',
  },
  {
    name: 'account: signing out everywhere else reaches other people',
    file: 'src/storage/tenant-sessions.ts',
    remove: 'which: sql`sessions.user_id = ${p.userId} AND',
    insert: 'which: sql`(sessions.user_id = ${p.userId} OR true) AND',
    test,
    title: 'all others end',
  },
  {
    name: 'account: two browsers sign each other out',
    file: 'src/flows/sessions/end.ts',
    remove: '    if (!(await findLivingSession(tx, tenant.id, id, now))) return undefined;\n',
    insert: '',
    test,
    title: 'two browsers at once',
  },
  {
    name: 'account: sessions that ended everywhere else leave no trace',
    file: 'src/flows/sessions/end.ts',
    remove: '  for (const sessionId of ended)\n',
    insert: '  for (const sessionId of ended.slice(1))\n',
    test,
    title: 'all others end',
  },
  {
    name: 'account: what was to end is forgotten over the second factor',
    file: 'src/storage/half-sign-ins.ts',
    remove: '${p.clientId}, ${p.accountChange}, id,',
    insert: '${p.clientId}, NULLIF(${p.accountChange}, ${p.accountChange}), id,',
    test,
    title: 'a second factor is asked for',
  },
  {
    name: 'account: a password alone changes the factors of who has some',
    file: fresh,
    remove: 'isFreshlyProven(session, now) && reaches(session.authentication.acr, ownDemand(enrolled, policy))',
    insert:
      'isFreshlyProven(session, now) && (true || reaches(session.authentication.acr, ownDemand(enrolled, policy)))',
    test: security,
    title: 'with a password alone',
  },
  {
    name: 'account: the cookie stays when a factor was proven',
    file: 'src/storage/second-factors.ts',
    remove: 'UPDATE sessions SET secret_hash = ${p.secretHash}, amr',
    insert: 'UPDATE sessions SET secret_hash = COALESCE(secret_hash, ${p.secretHash}), amr',
    test: security,
    title: 'is added',
  },
  {
    name: 'account: a permission that is taken back goes on in tokens',
    file: 'src/storage/consents.ts',
    remove: 'AND (${p.scope} = ANY(grants.scopes) OR',
    insert: 'AND (false AND ${p.scope} = ANY(grants.scopes) OR',
    test: 'test/pages/account.test.ts',
    title: 'one permission taken back',
  },
  {
    name: "account: another person's permission is taken back",
    file: 'src/storage/consents.ts',
    remove:
      'WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND client_id = ${p.clientId} AND ${p.scope} = ANY(scopes)',
    insert:
      'WHERE tenant_id = ${p.tenantId} AND (user_id = ${p.userId} OR true) AND client_id = ${p.clientId} AND ${p.scope} = ANY(scopes)',
    test: 'test/pages/account.test.ts',
    title: "somebody else's",
  },
];
