// Removals of what makes rotations and revocations of keys safe, and mail private.
import type { Mutant } from './mutant.ts';

const keys = 'test/cli/keys.test.ts';
const mail = 'test/delivery/mail.test.ts';

export const keyMutants: readonly Mutant[] = [
  {
    name: 'key steps are taken as they were planned, whatever was revoked meanwhile',
    file: 'src/flows/keys/advance.ts',
    remove: 'const moves = dueMoves(await listPublishedKeys(tx, tenant.id), signingAlgs, now);',
    insert: 'const moves = expected;',
    test: keys,
    title: 'a next key while its turn comes',
  },
  {
    name: 'other processes are not told of key changes',
    file: 'src/flows/keys/change.ts',
    remove: 'await recordChange(tx, changeOf(context), context.now);',
    insert: '',
    test: keys,
    title: 'the active key: its tokens',
  },
  {
    name: 'a revoked key is only retired',
    file: 'src/flows/keys/change.ts',
    remove: "kid, state, 'gone', context.now",
    insert: "kid, state, 'retired', context.now",
    test: keys,
    title: 'the active key: its tokens',
  },
  {
    name: 'a rotation at once goes on although another was first',
    file: 'src/flows/keys/rotate.ts',
    remove: "if (active?.kid !== keyIn(seen, alg, 'active')?.kid) throw anotherWasFirst(alg);",
    insert: '',
    test: keys,
    title: 'rotations at once',
  },
  {
    name: 'keys are revoked without asking',
    file: 'src/cli/frame/confirm.ts',
    remove: 'if (yes) return;',
    insert: 'if (yes || input.isTTY !== true) return;',
    test: keys,
    title: 'nobody to ask',
  },
  {
    name: 'a next key survives the replacement of all keys',
    file: 'src/flows/keys/replace.ts',
    remove: 'if (await takeKeyBack(deps, tx, context, key))',
    insert: "if (key.state !== 'next' && (await takeKeyBack(deps, tx, context, key)))",
    test: keys,
    title: 'all keys replaced',
  },
  {
    name: 'mail in clear where TLS is required',
    file: 'src/delivery/mail.ts',
    remove: "requireTLS: server.tls === 'required',",
    insert: '',
    test: mail,
    title: 'the server has none',
  },
  {
    name: 'mail to whoever answers in place of the mail server',
    file: 'src/delivery/mail.ts',
    remove: "rejectUnauthorized: server.tls !== 'when offered'",
    insert: 'rejectUnauthorized: false',
    test: mail,
    title: 'nobody vouches',
  },
  {
    name: 'mail without the login that was given',
    file: 'src/delivery/mail.ts',
    remove: ', forceAuth: true',
    insert: '',
    test: mail,
    title: 'does not ask for',
  },
  {
    name: 'a subject with lines of its own',
    file: 'src/delivery/mail.ts',
    remove: String.raw`if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) throw`,
    insert: 'if (value.length > 10_000) throw',
    test: mail,
    title: 'in the subject',
  },
  {
    name: 'the words of a mail server with the password in them',
    file: 'src/delivery/mail.ts',
    remove: "words = words.replaceAll(secret, '…')",
    insert: 'void secret',
    test: mail,
    title: 'neither is repeated',
  },
];
