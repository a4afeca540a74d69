// The kinds of settings about what Signet reaches by HTTP.
import { type AllowedTarget, judgeUrl, OutboundError, parseAllowed } from '../domain/outbound.ts';
import { phoneKey, shortestWebhookKey, type SmsService } from '../domain/sms.ts';
import { BadValue, decodedLogin, type Kind, kind, splitList } from './kinds.ts';

/** Hosts with ports. */
export const targetList: Kind<AllowedTarget[]> = kind(
  'hosts with their ports and commas between them, such as sms.internal:8080,[::1]:9090',
  (text) => {
    const entries = splitList(text);
    const targets = entries.map(parseAllowed);
    const bad = entries.filter((_entry, index) => targets[index] === undefined);
    if (bad.length > 0) {
      const named = bad.map((entry) => `"${entry}"`).join(', ');
      throw new BadValue(
        `must list hosts with their ports, such as sms.internal:8080 or [::1]:9090, without scheme and path: ${named} is none`,
      );
    }
    return targets.filter((target) => target !== undefined);
  },
);

/** Where text messages go. */
export const smsUrl: Kind<SmsService> = kind(
  'an address such as https://signet:KEY@sms.example.com/send or twilio://ACCOUNT_SID:AUTH_TOKEN@api.twilio.com?from=%2B15550100',
  (text) => {
    const url = /^(?:https?|twilio):\/\//i.test(text) ? URL.parse(text) : null;
    if (url === null || url.hostname === '' || url.hash !== '') return undefined;
    return url.protocol === 'twilio:' ? twilioOf(url) : webhookOf(url);
  },
);

function webhookOf(url: URL): SmsService {
  const { password: key } = decodedLogin(url);
  const isShort = key.startsWith('whsec_')
    ? Buffer.from(key.slice('whsec_'.length), 'base64').length < shortestWebhookKey
    : key.length < shortestWebhookKey;
  if (isShort)
    throw new BadValue(
      `must have a password of at least ${shortestWebhookKey} characters before the host, with which requests are signed`,
    );
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return { kind: 'webhook', url: bare.href, key };
}

function twilioOf(url: URL): SmsService {
  const { user: account, password: token } = decodedLogin(url);
  if (!/^AC[\da-f]{32}$/i.test(account) || token === '')
    throw new BadValue('must name the account (AC and 32 digits from 0 to f) and its token, as user and password');
  if (!/^\/?$/.test(url.pathname)) throw new BadValue('must have nothing between host and question mark for Twilio');
  // A plus that is not percent-encoded is a space.
  const { from, messaging_service_sid: service, ...others } = Object.fromEntries(url.searchParams);
  const number = from === undefined ? undefined : (phoneKey(from.replace(/^ /, '+')) ?? nameOf(from));
  const isService = service !== undefined && /^MG[\da-f]{32}$/i.test(service);
  const isOne = (from === undefined) !== (service === undefined) && (number !== undefined || isService);
  if (!isOne || Object.keys(others).length > 0)
    throw new BadValue('must end in ?from= and a number such as %2B15550100, or in ?messaging_service_sid=');
  const isTwilio = /^api\.(?:[a-z\d-]+\.)*twilio\.com$/i.test(url.hostname) && url.port === '';
  return {
    kind: 'twilio',
    url: `${isTwilio ? 'https' : 'http'}://${url.host}/2010-04-01/Accounts/${account}/Messages.json`,
    account,
    token,
    sender: number === undefined ? { MessagingServiceSid: service! } : { From: number },
  };
}

/** A sender that is a name: up to eleven letters and digits. */
function nameOf(from: string): string | undefined {
  return /^(?=.*[a-z])[a-z\d ]{1,11}$/i.test(from) ? from : undefined;
}

/** Why `SMS_URL` cannot be used with this `OUTBOUND_ALLOW`, in words; undefined when it can. */
export function smsContradiction(
  service: SmsService | undefined,
  allow: readonly AllowedTarget[] = [],
): string | undefined {
  if (service === undefined) return undefined;
  try {
    judgeUrl(service.url, allow);
    return undefined;
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return 'SMS_URL must be https, or lead to api.twilio.com, unless OUTBOUND_ALLOW names its host and port. Use https, or add it there.';
  }
}
