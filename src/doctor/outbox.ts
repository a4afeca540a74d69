// Messages to people that were given up, or wait for longer than sending should take.
import type { Deps } from '../deps.ts';
import { type Finding, ok, warning } from '../domain/finding.ts';
import type { Channel } from '../domain/outbox.ts';
import { countMessages } from '../storage/outbox.ts';

/** Milliseconds: a mail server that is away for longer is worth a word. */
const longWait = 10 * 60_000;

/** Of all tenants. `sent`: what settings send; what waits of another channel is shown in the inbox. */
export async function checkOutbox(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  { sent }: { readonly sent: readonly Channel[] },
): Promise<Finding[]> {
  const counts = await countMessages(db);
  const dead = counts.filter(({ state }) => state === 'dead').reduce((sum, { count }) => sum + count, 0);
  const isSent = (channel: string) => sent.some((each) => each === channel);
  const waiting = counts
    .filter(({ channel, state, oldest }) => isSent(channel) && state === 'waiting' && clock() - oldest > longWait)
    .toSorted((one, other) => one.oldest - other.oldest)[0];
  const findings = [
    ...(dead > 0
      ? [
          warning(
            'outbox',
            `${dead === 1 ? 'A message to somebody was' : `${dead} messages to people were`} given up.`,
            '"signet outbox list --state dead" says why; "signet outbox retry" tries again what is not too old.',
          ),
        ]
      : []),
    ...(waiting
      ? [
          warning(
            'outbox',
            `Messages to people have waited for ${Math.floor((clock() - waiting.oldest) / 60_000)} minutes.`,
            `"signet outbox list --state waiting" says why. A server with ${waiting.channel === 'mail' ? 'SMTP_URL' : 'SMS_URL'} has to run.`,
          ),
        ]
      : []),
  ];
  return findings.length > 0 ? findings : [ok('outbox', 'No message to anybody was given up or waits for long.')];
}
