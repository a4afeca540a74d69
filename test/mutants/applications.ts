// Removals in the example applications, which people copy.
import type { Mutant } from './mutant.ts';

const test = 'test/stories/applications.test.ts';
const sessions = 'examples/web/sessions.ts';

export const applicationMutants: readonly Mutant[] = [
  {
    name: 'an example accepts an answer with any state',
    file: 'examples/web/sign-in.ts',
    remove: 'expectedState,\n          expectedNonce',
    insert: "expectedState: new URL(request.url, url).searchParams.get('state') ?? '',\n          expectedNonce",
    test,
    title: 'by its state',
  },
  {
    name: 'cookies of an example can be read by scripts',
    file: sessions,
    remove: 'httpOnly: true',
    insert: 'httpOnly: false',
    test,
    title: 'cookies are kept',
  },
  {
    name: 'cookies of an example are sent by other sites',
    file: sessions,
    remove: "sameSite: 'lax'",
    insert: "sameSite: 'none'",
    test,
    title: 'cookies are kept',
  },
  {
    name: 'the former session of an example outlives a new sign-in',
    file: sessions,
    remove: 'kept.delete(idOf(request));\n      for',
    insert: 'for',
    test,
    title: 'begins a new session',
  },
  {
    name: 'the session of an example outlives its sign-out',
    file: sessions,
    remove: 'kept.delete(idOf(request));\n      void',
    insert: 'void',
    test,
    title: 'signing out takes a form',
  },
  {
    name: 'a link signs out at an example',
    file: 'examples/harbor/harbor.ts',
    remove: "app.post('/sign-out'",
    insert: "app.get('/sign-out'",
    test,
    title: 'signing out takes a form',
  },
  {
    name: 'an example obeys markup in names',
    file: 'examples/web/page.ts',
    remove: 'return escape(String(value))',
    insert: 'return String(value)',
    test,
    title: 'markup',
  },
  {
    name: 'Ledger keeps its session when Signet refuses the refresh token',
    file: 'examples/ledger/ledger.ts',
    remove: "error.error === 'invalid_grant'",
    insert: "error.error === 'never'",
    test: 'test/stories/sso-browser.test.ts',
    title: 'its refresh is refused',
  },
];
