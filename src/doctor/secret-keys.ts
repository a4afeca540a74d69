// What in the database needs which SECRET_KEY: what none of them opens, and what still keeps an older one.
import { type SecretBox, secretBox } from '../crypto/secret-box.ts';
import type { Deps } from '../deps.ts';
import { type Finding, problem, warning } from '../domain/finding.ts';
import {
  clientSecretsByKey,
  messagesBySeal,
  rotationKeysBySeal,
  sealedKeys,
  type SecretsOfKey,
  totpSecretsBySeal,
} from '../storage/doctor-keys.ts';
import { opensPrivateKey } from '../flows/keys/ring.ts';
import { listed } from './listed.ts';

/** The keys of SECRET_KEY, the current one first. */
export type GivenKeys = {
  /** Undefined when there are none that can be used. */
  readonly keys: readonly Uint8Array[] | undefined;
  /** The file that keeps the key; undefined when the settings give it, or should. */
  readonly file: string | undefined;
};

/** What no key opens is a problem; an older key that could go, or that must stay for now, is a warning. */
export async function checkOpening(db: Deps['db'], given: GivenKeys): Promise<Finding[]> {
  const box = given.keys && secretBox(given.keys);
  const closed: string[] = [];
  const damaged: string[] = [];
  const sealedBy = new Map<string, number>();
  for await (const { tenantId, kid, sealed, sealedWith } of sealedKeys(db)) {
    if (!box?.has(sealedWith)) closed.push(`${kid} (sealed with key ${sealedWith})`);
    else if (!opensPrivateKey(box, tenantId, kid, sealed)) damaged.push(kid);
    else sealedBy.set(sealedWith, (sealedBy.get(sealedWith) ?? 0) + 1);
  }
  const secrets = await clientSecretsByKey(db);
  const totpBy = await totpSecretsBySeal(db);
  return [
    ...closedKeys(closed, given),
    ...damagedKeys(damaged),
    ...(box ? [...unknownSecrets(secrets, box), ...closedTotp(totpBy, box)] : []),
    ...olderKeys(
      given.keys ?? [],
      { sealedBy, rotationBy: await rotationKeysBySeal(db), totpBy, messagesBy: await messagesBySeal(db) },
      secrets,
    ),
  ];
}

function closedKeys(closed: readonly string[], { keys, file }: GivenKeys): Finding[] {
  if (closed.length === 0) return [];
  const subject = file === undefined ? 'SECRET_KEY' : `The key in ${file}`;
  return [
    problem(
      'signing-keys',
      `${keys ? `${subject} does not open` : 'There is no usable SECRET_KEY to open'} ${numbered(closed.length, 'signing key')}: ${listed(closed)}.`,
      file === undefined
        ? 'Give SECRET_KEY as it was when they were sealed, or as "new,old" to replace it.'
        : `Put the copy that was kept of the right key into ${file}, or set SECRET_KEY to it.`,
    ),
  ];
}

function damagedKeys(damaged: readonly string[]): Finding[] {
  if (damaged.length === 0) return [];
  return [
    problem(
      'signing-keys',
      `${numbered(damaged.length, 'signing key')} cannot be opened although the right SECRET_KEY is there: ${listed(damaged)}. What is stored was changed.`,
      'Put the database back from a backup ("signet restore").',
    ),
  ];
}

function unknownSecrets(secrets: readonly SecretsOfKey[], box: SecretBox): Finding[] {
  return secrets
    .filter(({ key }) => !box.has(key))
    .map((some) =>
      problem(
        'secret-key',
        `The secrets of ${clientsOf(some)} were made with a SECRET_KEY that is not given (key ${some.key}): these clients are refused.`,
        `Give that key behind the current one (SECRET_KEY="new,old"), or give the clients new secrets: ${anew}.`,
      ),
    );
}

function closedTotp(totpBy: ReadonlyMap<string, number>, box: SecretBox): Finding[] {
  return [...totpBy]
    .filter(([key]) => !box.has(key))
    .map(([key, count]) =>
      problem(
        'secret-key',
        `${numbered(count, 'TOTP secret')} ${count === 1 ? 'is' : 'are'} sealed with a SECRET_KEY that is not given (key ${key}): these people's codes are refused.`,
        'Give that key behind the current one (SECRET_KEY="new,old").',
      ),
    );
}

const anew =
  'apply the provisioning file with their secrets in it once more, or run "signet client rotate-secret" for each';

function olderKeys(
  keys: readonly Uint8Array[],
  {
    sealedBy,
    rotationBy,
    totpBy,
    messagesBy,
  }: Record<'sealedBy' | 'rotationBy' | 'totpBy' | 'messagesBy', ReadonlyMap<string, number>>,
  secrets: readonly SecretsOfKey[],
): Finding[] {
  return keys.slice(1).map((key, index) => {
    const id = secretBox([key]).currentKey;
    const name = `Key ${index + 2} of SECRET_KEY (${id})`;
    const sealed = sealedBy.get(id) ?? 0;
    const rotating = rotationBy.get(id) ?? 0;
    const totp = totpBy.get(id) ?? 0;
    const messages = messagesBy.get(id) ?? 0;
    const made = secrets.find((some) => some.key === id);
    if (sealed + rotating + totp + messages === 0 && !made)
      return warning(
        'secret-key',
        `${name} is not needed by anything in the database any more.`,
        'Take it out of SECRET_KEY. Keep it as long as a backup that was made with it may be restored.',
      );
    const uses = [
      ...(sealed > 0 ? [`it seals ${numbered(sealed, 'signing key')}`] : []),
      ...(rotating > 0 ? [`it seals ${numbered(rotating, 'rotation key')}`] : []),
      ...(totp > 0 ? [`it seals ${numbered(totp, 'TOTP secret')}`] : []),
      ...(messages > 0
        ? [`it seals ${numbered(messages, 'message')} that ${messages === 1 ? 'waits' : 'wait'} to be sent`]
        : []),
      ...(made ? [`the secrets of ${clientsOf(made)} were made with it`] : []),
    ];
    const cures = [
      ...(sealed + rotating + totp > 0
        ? ['a server that runs with these keys seals them anew by itself, a hundred a minute']
        : []),
      ...(messages > 0 ? ['messages are sent, or given up after three days'] : []),
      ...(made ? [`for clients, ${anew}`] : []),
    ];
    return warning(
      'secret-key',
      `${name} is still needed: ${uses.join(', and ')}.`,
      `Leave it there for now: ${cures.join('; ')}. Then run this again.`,
    );
  });
}

function clientsOf({ count, examples }: SecretsOfKey): string {
  return `${numbered(count, 'client')} (${listed(examples, count)})`;
}

function numbered(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
