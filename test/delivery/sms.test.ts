// Text messages: what arrives at a webhook and at Twilio, what is tried again, and what is told of failures.
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigError, readConfig } from '../../src/config/read.ts';
import { smsCourier } from '../../src/delivery/sms.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { DeliveryError, type MessageOf } from '../../src/domain/outbox.ts';
import { isPhone, phoneKey } from '../../src/domain/sms.ts';
import { putSms } from '../../src/flows/deliver/message.ts';
import { listOutbox } from '../../src/flows/outbox/list.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createMailbox } from '../../src/testing/mailbox.ts';
import { freePort } from '../../src/testing/start.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { type SmsReceiver, startSmsReceiver } from '../support/sms.ts';

const key = 'a key of more than 24 characters, with / and +';
const account = `AC${'0a'.repeat(16)}`;
const token = 'twilio/auth:token';
const now = Date.UTC(2026, 5, 1, 12);
const text = 'Your code is 123456.\nأهلًا';
const message: MessageOf<'sms'> = {
  id: '0197f0a0-0000-7000-8000-000000000001',
  channel: 'sms',
  purpose: 'sign-in-code',
  destination: '+4915112345678',
  text,
};

let receiver: SmsReceiver;
beforeAll(async () => {
  receiver = await startSmsReceiver();
});
afterAll(() => receiver.close());
afterEach(() => {
  receiver.posted.length = 0;
  receiver.answers.length = 0;
});

const env = (url: string, port = receiver.port) => ({ SMS_URL: url, OUTBOUND_ALLOW: `127.0.0.1:${port}` });
const settingsOf = (url: string, port?: number) => readConfig(env(url, port)).config;
const webhook = (secret = key) => `http://signet:${encodeURIComponent(secret)}@127.0.0.1:${receiver.port}/sms?a=b`;
const twilio = (query = 'from=%2B15550100') =>
  `twilio://${account}:${encodeURIComponent(token)}@127.0.0.1:${receiver.port}?${query}`;

function send(url: string, change: Partial<MessageOf<'sms'>> = {}, deadline = 5000): Promise<void> {
  const { sms, outboundAllow } = settingsOf(url);
  const courier = smsCourier(sms!, { guard: { allow: outboundAllow! }, clock: () => now, deadline });
  return courier({ ...message, ...change });
}

async function failure(work: Promise<void>): Promise<{ permanent: boolean; message: string }> {
  return work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(DeliveryError);
      const { permanent, message: told } = error as DeliveryError;
      for (const hidden of [key, token, account, text, '123456', message.destination, 'private'])
        expect(told).not.toContain(hidden);
      return { permanent, message: told };
    },
  );
}

describe('a webhook', () => {
  /** As the specification has receivers do it: over the bytes that came. */
  const signatureOf = (secret: string | Buffer, id: unknown, at: unknown, body: string) =>
    `v1,${createHmac('sha256', secret)
      .update(`${String(id)}.${String(at)}.${body}`)
      .digest('base64')}`;

  test('is signed over its id, its time and its body, and holds number, text and purpose', async () => {
    await send(webhook());
    const [{ method, url, headers, body }] = receiver.posted as [SmsReceiver['posted'][0]];
    expect([method, url, headers['content-type']]).toEqual(['POST', '/sms?a=b', 'application/json']);
    expect(JSON.parse(body)).toEqual({ id: message.id, to: '+4915112345678', text, purpose: 'sign-in-code' });
    expect([headers['webhook-id'], headers['webhook-timestamp']]).toEqual([message.id, String(now / 1000)]);
    const signature = signatureOf(key, headers['webhook-id'], headers['webhook-timestamp'], body);
    expect(headers['webhook-signature']).toBe(signature);
    expect(JSON.stringify([headers, url, body])).not.toContain('a key of more');
    expect(headers.authorization).toBeUndefined();
  });

  test('is signed with a key as the specification hands them out', async () => {
    const bytes = Buffer.alloc(24, 0xfe);
    await send(webhook(`whsec_${bytes.toString('base64')}`));
    const [{ headers, body }] = receiver.posted as [SmsReceiver['posted'][0]];
    expect(headers['webhook-signature']).toBe(signatureOf(bytes, message.id, now / 1000, body));
  });

  test('the same message has the same id when it is tried again', async () => {
    receiver.answers.push(500);
    await failure(send(webhook()));
    await send(webhook());
    expect(receiver.posted.map(({ headers }) => headers['webhook-id'])).toEqual([message.id, message.id]);
  });
});

describe('Twilio', () => {
  test('is sent a form, with the account and its token', async () => {
    await send(twilio());
    const [{ method, url, headers, body }] = receiver.posted as [SmsReceiver['posted'][0]];
    expect([method, url]).toEqual(['POST', `/2010-04-01/Accounts/${account}/Messages.json`]);
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(headers.authorization).toBe(`Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      To: '+4915112345678',
      From: '+15550100',
      Body: text,
    });
  });

  test('sends from a messaging service, or from a name', async () => {
    const service = `MG${'1b'.repeat(16)}`;
    await send(twilio(`messaging_service_sid=${service}`));
    await send(twilio('from=Example'));
    const forms = receiver.posted.map(({ body }) => new URLSearchParams(body));
    expect(forms.map((form) => [form.get('MessagingServiceSid'), form.get('From')])).toEqual([
      [service, null],
      [null, 'Example'],
    ]);
  });
});

test('signet/testing keeps what would have been sent', async () => {
  const mailbox = createMailbox();
  await mailbox.smsCourier(message);
  await mailbox.smsCourier({ ...message, purpose: 'notice', text: 'later' });
  expect(await mailbox.smsTo(message.destination)).toMatchObject({ purpose: 'notice', text: 'later' });
  expect(await mailbox.smsTo(message.destination, 'sign-in-code')).toEqual({
    purpose: 'sign-in-code',
    to: '+4915112345678',
    text,
  });
  expect(mailbox.sms).toHaveLength(2);
});

describe('what is not taken', () => {
  test.each([
    [400, true],
    [401, true],
    [404, true],
    [408, false],
    [422, true],
    [425, false],
    [429, false],
    [500, false],
    [503, false],
    [302, false],
  ])('%i: for good: %s; only the status is told', async (status, permanent) => {
    receiver.says = `private: ${text} ${message.destination} ${key} ${token}`;
    for (const url of [webhook(), twilio()]) {
      receiver.answers.push(status);
      expect(await failure(send(url))).toEqual({ permanent, message: `the SMS service answered ${status}` });
    }
    expect(receiver.posted, 'no redirect is followed').toHaveLength(2);
  });

  test('no answer in time, and nobody there: tried again', async () => {
    receiver.answers.push(0);
    const late = await failure(send(webhook(), {}, 100));
    expect(late).toEqual({ permanent: false, message: 'the SMS service could not be reached (timeout)' });
    const nobody = await freePort();
    const { sms, outboundAllow } = settingsOf(`http://a:${encodeURIComponent(key)}@127.0.0.1:${nobody}/`, nobody);
    const courier = smsCourier(sms!, { guard: { allow: outboundAllow! }, clock: () => now });
    expect((await failure(courier(message))).permanent).toBe(false);
  });

  test('a host whose address is private by now: nothing is sent', async () => {
    const { sms } = settingsOf('https://a:aaaaaaaaaaaaaaaaaaaaaaaa@sms.example/');
    const guard = { allow: [], resolve: async () => [{ address: '127.0.0.1', family: 4 }] };
    const { permanent } = await failure(smsCourier(sms!, { guard, clock: () => now })(message));
    expect(permanent).toBe(false);
  });
});

describe('what would add a recipient or a header is refused before anything is sent', () => {
  test.each([
    '+4915112345678,+4915112345679',
    '+4915112345678\r\nTo: +4915112345679',
    '+4915112345678&To=%2B4915112345679',
    '+4915112345678\n',
    '4915112345678',
    'whatsapp:+4915112345678',
    '',
  ])('%j', async (destination) => {
    for (const url of [webhook(), twilio()]) {
      const error = await send(url, { destination }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ permanent: true, message: 'a text message goes to one number' });
    }
    expect(receiver.posted).toHaveLength(0);
  });
});

describe('numbers', () => {
  test.each([
    ['+49 151 1234-5678', '+4915112345678'],
    ['+1 (555) 010-0123', '+15550100123'],
    ['0049 151 12345678', '+4915112345678'],
    ['+49 (0) 151 12345678', '+4915112345678'],
    ['+49(0)151-12345678', '+4915112345678'],
    ['\u202a+49\u00a0151\u201112345678\u202c', '+4915112345678'],
    ['＋４９１５１１２３４５６７８', '+4915112345678'],
    ['0151 12345678', undefined],
    ['+0151 12345678', undefined],
    ['+1234567', undefined],
    ['+1234567890123456', undefined],
    ['+49 151 12345678, +49 151 12345679', undefined],
    ['+49 151 CALL', undefined],
    ['', undefined],
  ])('%j is %j', (typed, number) => {
    expect(phoneKey(typed)).toBe(number);
    if (number !== undefined) expect(isPhone(number)).toBe(true);
  });
});

describe('SMS_URL', () => {
  const problems = (SMS_URL: string, OUTBOUND_ALLOW?: string) => {
    try {
      readConfig({ SMS_URL, ...(OUTBOUND_ALLOW !== undefined && { OUTBOUND_ALLOW }) });
      return [];
    } catch (error) {
      for (const secret of ['short-secret', token, key]) expect(String(error)).not.toContain(secret);
      return (error as ConfigError).problems;
    }
  };
  const long = 'x'.repeat(24);

  test.each([
    `https://signet:${long}@sms.example.com/send`,
    `https://:${long}@sms.example.com`,
    `twilio://${account}:token@api.twilio.com?from=%2B15550100`,
    `twilio://${account}:token@api.twilio.com/?from=+15550100`,
    `twilio://${account}:token@api.dublin.ie1.twilio.com?from=%2B15550100`,
  ])('is taken, and its login kept out of the address: %s', (url) => {
    expect(problems(url)).toEqual([]);
    expect(new URL(readConfig({ SMS_URL: url }).config.sms!.url)).toMatchObject({
      protocol: 'https:',
      username: '',
      password: '',
    });
  });

  test.each([
    ['https://sms.example.com/send', /password of at least 24 characters/],
    ['https://signet:short-secret@sms.example.com/send', /password of at least 24 characters/],
    [`https://signet:whsec_${'A'.repeat(24)}@sms.example.com/send`, /password of at least 24 characters/],
    [`http://signet:${long}@sms.example.com/send`, /OUTBOUND_ALLOW names its host/],
    [`twilio://${account}:token@sms.example.com?from=%2B15550100`, /OUTBOUND_ALLOW names its host/],
    [`twilio://${account}:token@api.twilio.com.example?from=%2B15550100`, /OUTBOUND_ALLOW names its host/],
    ['twilio://me:short-secret@api.twilio.com?from=%2B15550100', /the account/],
    [`twilio://${account}@api.twilio.com?from=%2B15550100`, /the account/],
    [`twilio://${account}:token@api.twilio.com`, /must end in \?from=/],
    [`twilio://${account}:token@api.twilio.com?from=0151`, /must end in \?from=/],
    [`twilio://${account}:token@api.twilio.com?from=%2B15550100&to=1`, /must end in \?from=/],
    [`twilio://${account}:token@api.twilio.com/x?from=%2B15550100`, /nothing between/],
    ['sms.example.com', /must be an address such as/],
    ['ftp://signet:short-secret@sms.example.com', /must be an address such as/],
  ])('%s is refused', (url, words) => {
    expect(problems(url)).toEqual([expect.stringMatching(words)]);
  });

  test('a host in OUTBOUND_ALLOW may speak http; what is wrong in the list is named', () => {
    expect(problems(`http://signet:${long}@sms.internal:8080/send`, 'sms.internal:8080')).toEqual([]);
    expect(problems(`http://signet:${long}@sms.internal:8081/send`, 'sms.internal:8080')).toHaveLength(1);
    const [wrong] = problems(`https://signet:${long}@sms.example.com/`, 'sms.internal:8080, http://other');
    expect(wrong).toContain('OUTBOUND_ALLOW must list hosts with their ports');
    expect(wrong).toContain('"http://other" is none');
  });
});

describe('through the outbox', () => {
  let signet: TestSignet;
  const lines: string[] = [];
  beforeAll(async () => {
    const { sms, outboundAllow } = settingsOf(webhook());
    const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
    signet = await startSignet({ config: { sms: sms!, outboundAllow: outboundAllow! }, log });
  });
  afterAll(() => signet.stop());
  beforeEach(() => query(signet.database.url, 'DELETE FROM outbox'));

  async function put(to: string, on: TestSignet = signet, isSomebody?: boolean) {
    const { deps } = on.server;
    const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, on.clock.now);
    const sms = { purpose: 'sign-in-code', to, userId: null, text, usefulFor: 600_000 } as const;
    await deps.db.transaction((tx) =>
      putSms(deps, tx, context, { ...sms, ...(isSomebody !== undefined && { isSomebody }) }),
    );
    return context;
  }
  const states = async () =>
    Object.fromEntries(
      (
        await query<{ destination: string; state: string }>(
          signet.database.url,
          'SELECT destination, state FROM outbox',
        )
      ).map(({ destination, state }) => [destination, state]),
    );

  test('a message is sent, listed by purpose and number, and what it said is gone; the log has neither', async () => {
    const context = await put('+4915112345678');
    await expect.poll(states, { timeout: 10_000 }).toEqual({ '+4915112345678': 'sent' });
    expect(JSON.parse(receiver.posted[0]!.body)).toMatchObject({ to: '+4915112345678', text });
    const { items } = await listOutbox(signet.server.deps, context, { limit: 10 });
    expect(items).toMatchObject([{ channel: 'sms', purpose: 'sign-in-code', destination: '+4915112345678' }]);
    expect(await query(signet.database.url, 'SELECT sealed FROM outbox')).toEqual([{ sealed: null }]);
    expect(lines.join('')).toContain('message sent');
    for (const hidden of ['+4915112345678', '123456']) expect(lines.join('')).not.toContain(hidden);
  });

  test('a number that is refused for good delays no other', async () => {
    receiver.answers.push(400);
    await put('+4915112345670');
    await expect.poll(states, { timeout: 10_000 }).toEqual({ '+4915112345670': 'dead' });
    await put('+4915112345671');
    await expect.poll(states, { timeout: 10_000 }).toEqual({ '+4915112345670': 'dead', '+4915112345671': 'sent' });
  });

  test('for nobody nothing is written', async () => {
    await put('+4915112345678', signet, false);
    expect(await states()).toEqual({});
  });

  test('without SMS_URL nothing is written, and in the inbox it is shown with its number', async () => {
    const silent = await startSignet();
    const shown = await startSignet({ config: { inbox: true } });
    try {
      await put('+4915112345678', silent);
      expect(await query(silent.database.url, 'SELECT 1 FROM outbox')).toEqual([]);
      await put('+4915112345678', shown);
      const { body } = await createAgent().get(shown.server.inboxUrl!);
      for (const part of ['Text message (SMS)', '+4915112345678', 'Your code is 123456.', 'sign-in-code'])
        expect(body).toContain(part);
    } finally {
      await silent.stop();
      await shown.stop();
    }
  });
});
