// Removals from what codes that are sent cost, and whom: budgets apart from each other's, and none that can be had back for nothing.
import type { Mutant } from './mutant.ts';

const sentCode = 'src/flows/sign-in/sent-code.ts';
const reserveSms = 'src/flows/deliver/reserve-sms.ts';
const firstParty = 'src/flows/first-party/second-factors.ts';
const sent = 'src/flows/second-factors/sent.ts';
const test = 'test/auth/sent-code-budgets.test.ts';

export const sentCodeBudgetMutants: readonly Mutant[] = [
  {
    name: 'sent codes: whoever would add the number uses up those of its owner',
    file: sentCode,
    remove: "from: kind === 'enrolment' ? undefined : from };",
    insert: 'from: undefined };',
    test,
    title: 'who asks to add the number',
  },
  {
    name: 'sent codes: a device that the account knows is a stranger',
    file: sentCode,
    remove: "return knownBrowser ?? 'strangers';",
    insert: "return 'strangers';",
    test,
    title: 'who has the password alone',
  },
  {
    name: 'sent codes: a device that has proven the password alone is known',
    file: firstParty,
    remove: "half.device, user.id, 'code');",
    insert: "half.device, user.id, 'password');",
    test,
    title: 'who has the password alone',
  },
  {
    name: 'sent codes: an access token uses up those of a sign-in',
    file: sentCode,
    remove: "if (kind === 'token' || kind === 'enrolment')",
    insert: "if (kind === 'enrolment')",
    test,
    title: 'who has an access token',
  },
  {
    name: 'sent codes: what was not sent is counted',
    file: sentCode,
    remove: '  await giveBack();\n',
    insert: '',
    test,
    title: 'who asks twice at once',
  },
  {
    name: 'sent codes: one account adds numbers without end',
    file: reserveSms,
    remove: "    counted('enrolment', `${today} ${userId}`),\n",
    insert: '',
    test,
    title: 'one account adds and removes',
  },
  {
    name: 'sent codes: what is sent to numbers that are added is given back to the tenant',
    file: reserveSms,
    remove: "if (what === 'tenant' && asked.from !== undefined)",
    insert: "if (what === 'tenant')",
    test,
    title: 'one account adds and removes',
  },
  {
    name: 'sent codes: many accounts of one network add numbers without end',
    file: reserveSms,
    remove: "    ...(ip === undefined ? [] : [counted('network', `${thisHour} ${networkOf(ip)}`)]),\n",
    insert: '',
    test,
    title: 'many accounts and many numbers',
  },
  {
    name: 'sent codes: many networks add numbers of one prefix without end',
    file: reserveSms,
    remove: "    counted('prefix', `${thisHour} ${phone.slice(1, 1 + prefixDigits)}`),\n",
    insert: '',
    test,
    title: 'many accounts and many numbers',
  },
  {
    name: 'mailed codes: whoever makes a proof up keeps others from theirs',
    file: 'src/flows/sign-in/limiter.ts',
    remove: '` asked ${network}`',
    insert: "' asked'",
    test,
    title: 'with proofs that are made up',
  },
  {
    name: 'mails: the network of a device that the account knows is counted',
    file: 'src/flows/deliver/reserve.ts',
    remove: 'if (ip !== undefined && !asker)',
    insert: 'if (ip !== undefined)',
    test,
    title: 'who asks for mails to many addresses',
  },
  {
    name: 'sent factors: whoever came by the mailbox adds the mailbox',
    file: sent,
    remove: "if (method === 'email' && isSignedInByMail(owner.by))",
    insert: "if (method === 'email' && owner.user.id === '')",
    test,
    title: 'whoever signed in by mail adds no codes',
  },
  {
    name: 'sent factors: a code to the former address is good for the new one',
    file: sentCode,
    remove: "...(method === 'email' ? [email] : [])",
    insert: "...(method === 'email' ? [''] : [])",
    test,
    title: 'a code that was mailed to another address',
  },
  {
    name: 'sent factors: the mailbox of another address than the one that was proven is added',
    file: sent,
    remove:
      "        if (method === 'email' && (await findUser(tx, tenant.id, user.id))?.email !== user.email) return false;\n",
    insert: '',
    test,
    title: 'nor when the address changes',
  },
];
