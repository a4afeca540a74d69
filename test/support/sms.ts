// A service that takes text messages, on loopback: it keeps what is posted, and answers as it is told.
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { freePort } from '../../src/testing/start.ts';

export type Posted = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

export type SmsReceiver = {
  readonly port: number;
  readonly posted: Posted[];
  /** The statuses of the next answers; 200 after them, and no answer at all for 0. */
  readonly answers: number[];
  /** What stands in every answer. */
  says: string;
  close(): Promise<void>;
};

export async function startSmsReceiver(): Promise<SmsReceiver> {
  const receiver = { port: await freePort(), posted: [] as Posted[], answers: [] as number[], says: '' };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      receiver.posted.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      const status = receiver.answers.shift() ?? 200;
      if (status !== 0) response.writeHead(status).end(receiver.says);
    });
  });
  await new Promise<void>((resolve) => server.listen(receiver.port, '127.0.0.1', resolve));
  return Object.assign(receiver, {
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => void server.close(done));
    },
  });
}

const key = 'a key of more than 24 characters';

/** The settings of a Signet that sends through it. */
export const smsBy = ({ port }: Pick<SmsReceiver, 'port'>) =>
  ({
    sms: { kind: 'webhook', url: `http://127.0.0.1:${port}/sms`, key },
    outboundAllow: [{ host: '127.0.0.1', port }],
  }) as const;

/** The code of the newest message to this number, once there are so many. */
export async function smsCodeTo(receiver: SmsReceiver, phone: string, howMany = 1): Promise<string> {
  for (let looks = 0; looks < 200; looks += 1) {
    const bodies = receiver.posted.map(({ body }) => JSON.parse(body) as { to: string; text: string });
    const found = bodies.filter(({ to }) => to === phone);
    const code = found
      .at(-1)
      ?.text.split('\n')
      .find((line) => /^\d{6}$/.test(line));
    if (found.length >= howMany && code !== undefined) return code;
    await sleep(50);
  }
  throw new Error(`no message to ${phone}`);
}
