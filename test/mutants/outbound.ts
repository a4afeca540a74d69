// Removals from what goes out by HTTP: which addresses are dialled, and what is taken from them.
import type { Mutant } from './mutant.ts';

const fetcher = 'src/delivery/fetcher.ts';
const domain = 'src/domain/outbound.ts';
const ssrf = 'test/attacks/ssrf.test.ts';
const sms = 'src/delivery/sms.ts';
const smsTest = 'test/delivery/sms.test.ts';
const fetching = 'test/delivery/fetcher.test.ts';

export const outboundMutants: readonly Mutant[] = [
  {
    name: 'outbound: private addresses are dialled',
    file: fetcher,
    remove: "    throw new OutboundError('an address that is not public');\n",
    insert: '    return found;\n',
    test: ssrf,
    title: 'M80',
  },
  {
    name: 'outbound: one public address of a name is enough',
    file: fetcher,
    remove: 'found.every(',
    insert: 'found.some(',
    test: ssrf,
    title: 'mixed.example',
  },
  {
    name: 'outbound: the name is resolved again when it is dialled',
    file: fetcher,
    remove: 'const found = await beforeEnd(signal, addressesOf(guard, target));',
    insert:
      'await addressesOf(guard, target);\n  const found = await addressesOf(guard, { ...target, isAllowed: true });',
    test: ssrf,
    title: 'leads elsewhere',
  },
  {
    name: 'outbound: a redirect is not checked',
    file: fetcher,
    remove: "judgeUrl(URL.parse(location, first.url.href)?.href ?? '', allow)",
    insert: '{ ...first, url: new URL(location, first.url.href), isAllowed: true }',
    test: ssrf,
    title: 'M80 a redirect',
  },
  {
    name: 'outbound: a stranger sends it to what operators named',
    file: fetcher,
    remove: 'first.isAllowed ? guard.allow : []',
    insert: 'guard.allow',
    test: 'test/delivery/fetcher.test.ts',
    title: 'leads to what operators named',
  },
  {
    name: 'outbound: a redirect leads from https to http',
    file: fetcher,
    remove: "first.url.protocol === 'https:' && second",
    insert: "first.url.protocol === 'none' && second",
    test: fetching,
    title: 'to http is not followed',
  },
  {
    name: 'outbound: credentials follow a redirect to another origin',
    file: fetcher,
    remove: '(isSame && (keepsMethod',
    insert: '(true && (keepsMethod',
    test: fetching,
    title: 'to another origin',
  },
  {
    name: 'outbound: a body follows a redirect to another origin',
    file: fetcher,
    remove: "body !== undefined && !isSame) throw new OutboundError('redirect of a body');",
    insert: "false) throw new OutboundError('redirect of a body');",
    test: fetching,
    title: 'to another origin',
  },
  {
    name: 'outbound: plain http goes anywhere',
    file: domain,
    remove: "url.protocol === 'http:' && !isAllowed",
    insert: "url.protocol === 'none' && !isAllowed",
    test: ssrf,
    title: 'http',
  },
  {
    name: 'outbound: OUTBOUND_ALLOW opens every port of its hosts',
    file: domain,
    remove: 'target.host === host && target.port === port',
    insert: 'target.host === host',
    test: fetching,
    title: 'only at this host and port',
  },
  {
    name: 'outbound: an answer is read however long it is',
    file: fetcher,
    remove: 'length > maxBytes',
    insert: 'length > Infinity',
    test: fetching,
    title: 'in bytes of the body',
  },
  {
    name: 'outbound: a compressed answer is taken',
    file: fetcher,
    remove: "encoding !== undefined && encoding.toLowerCase() !== 'identity'",
    insert: 'encoding === null',
    test: fetching,
    title: 'not compressed',
  },
  {
    name: 'outbound: mapped addresses are not looked into',
    file: 'src/delivery/public-address.ts',
    remove: "return !blocked4.check(mappedIn(address), 'ipv4');",
    insert: 'return true;',
    test: fetching,
    title: 'is public',
  },
  {
    name: 'outbound: failures tell why',
    file: domain,
    remove: "super('The address could not be fetched.');",
    insert: 'super(`The address could not be fetched: ${reason}.`);',
    test: ssrf,
    title: 'M80',
  },
  {
    name: 'sms: a message goes to more than one number',
    file: sms,
    remove:
      "    if (!isPhone(message.destination)) throw new DeliveryError('a text message goes to one number', true);\n",
    insert: '',
    test: smsTest,
    title: 'recipient or a header',
  },
  {
    name: 'sms: what is refused for good is tried again',
    file: sms,
    remove: 'const isPermanent = status >= 400',
    insert: 'const isPermanent = status >= 500 && status >= 400',
    test: smsTest,
    title: 'only the status is told',
  },
  {
    name: 'sms: what is too much for now is given up',
    file: sms,
    remove: ' && !later.includes(status)',
    insert: ' && later.length > 0',
    test: smsTest,
    title: 'only the status is told',
  },
  {
    name: 'sms: the time of a webhook is not signed',
    file: 'src/crypto/webhook-signature.ts',
    remove: '`${id}.${at}.${body}`',
    insert: '`${id}.${at - at}.${body}`',
    test: smsTest,
    title: 'is signed over',
  },
  {
    name: 'sms: the key of a webhook stands in its address',
    file: 'src/config/outbound.ts',
    remove: "  bare.password = '';\n",
    insert: '',
    test: smsTest,
    title: 'is taken',
  },
  {
    name: 'sms: plain http goes to any service',
    file: 'src/config/contradictions.ts',
    remove: '  if (sms !== undefined) problems.push(sms);\n',
    insert: '',
    test: smsTest,
    title: 'is refused',
  },
];
