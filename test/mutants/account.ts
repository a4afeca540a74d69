// Removals in what people end on their account page.
import type { Mutant } from './mutant.ts';

const flow = 'src/flows/account/change.ts';
const test = 'test/pages/account-sessions.test.ts';

export const accountMutants: readonly Mutant[] = [
  {
    name: 'account: an old sign-in ends other sessions',
    file: flow,
    remove: '  if (needsProof(session, change, context.now)) return askFor(deps, context, session, cookies, change);\n',
    insert: '',
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
    file: flow,
    remove: 'if (!isFormToken(deps, session, input.formToken))',
    insert: 'if (input.formToken === null)',
    test,
    title: 'only with the form token',
  },
  {
    name: 'account: signing out needs a proof',
    file: flow,
    remove: "  if (change.kind === 'end session' && change.sessionId === session.id) return false;\n",
    insert: '',
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
    file: flow,
    remove: 'if (needsProof(account.session, change, context.now))',
    insert: 'if (context.now < 0 && needsProof(account.session, change, context.now))',
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
];
