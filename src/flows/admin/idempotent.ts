// A creation that is sent twice makes one thing: the same reply for the same key and body (draft-ietf-httpapi-idempotency-key-header).
import { fingerprint } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { AdminScope } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import {
  findRequest,
  forgetRequest,
  forgetRequestsOf,
  keepReply,
  reserveRequest,
} from '../../storage/idempotent-requests.ts';

/** Milliseconds for which the reply is given again. */
const repliedFor = 10 * 60_000;

/** Milliseconds after which who began it is taken to have been interrupted. */
const longest = 60_000;

/** `of`: which operation. `body`: as it came. */
export type IdempotentRequest = { readonly key: string; readonly of: string; readonly body: unknown };

const sealedAs = 'idempotent reply';

/**
 * What `run` gives, once: who sends the same again within ten minutes gets the same. What was refused may be sent again.
 * @throws Refusal invalid_input for a key that is none, or came with another body; exists when it was carried out longer ago;
 * conflict while it is being carried out, or was interrupted.
 */
export async function idempotently<Reply extends { readonly location?: string | undefined }>(
  deps: Deps,
  context: RequestContext,
  { key, of, body }: IdempotentRequest,
  run: () => Promise<Reply>,
): Promise<Reply> {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw invalidInput([{ path: ['Idempotency-Key'], problem: 'must be 1 to 255 visible ASCII characters' }]);
  const { tenant, now, actor } = context;
  const who = 'id' in actor ? actor.id : '';
  const keyHash = fingerprint([actor.kind, who, of, key]);
  // Under SECRET_KEY, because a password may be in it that is easier to guess than to hash.
  const request = JSON.stringify(body ?? null);
  const about = `${tenant.id} ${keyHash.toString('hex')}`;
  const requestHash = Buffer.from(deps.box.mac(sealedAs, request));
  if (!(await reserveRequest(deps.db, tenant.id, { keyHash, requestHash, expiresAt: now + repliedFor }, now))) {
    const kept = await former(deps, context, keyHash, request);
    const { reply, rights } = JSON.parse(deps.box.open(sealedAs, about, kept.reply).toString()) as Sealed<Reply>;
    // Whoever may do less by now is not told again what they were told then.
    if (rights.every((scope) => context.rights === 'all' || context.rights.has(scope))) return reply;
    throw doneBefore(kept.location);
  }
  const done = await run().catch(async (error: unknown) => {
    await forgetRequest(deps.db, tenant.id, keyHash);
    throw error;
  });
  const sealed: Sealed<Reply> = { reply: done, rights: context.rights === 'all' ? [] : [...context.rights] };
  const reply = deps.box.seal(sealedAs, about, Buffer.from(JSON.stringify(sealed)));
  await keepReply(deps.db, tenant.id, keyHash, { reply, location: done.location });
  return done;
}

/** The reply, and what whoever asked held then. */
type Sealed<Reply> = { readonly reply: Reply; readonly rights: readonly AdminScope[] };

async function former(
  deps: Deps,
  context: RequestContext,
  keyHash: Buffer,
  request: string,
): Promise<{ readonly reply: string; readonly location: string | undefined }> {
  const { tenant, now } = context;
  const kept = await findRequest(deps.db, tenant.id, keyHash);
  if (kept && !deps.box.matches(sealedAs, request, kept.requestHash.toString()))
    throw invalidInput([{ path: [], problem: 'is not what came with this Idempotency-Key before' }]);
  if (kept?.reply === undefined) {
    const isUnderWay = kept === undefined || now - kept.beganAt < longest;
    throw isUnderWay
      ? new Refusal('conflict', 'The same request is being carried out.', { retryAfter: 1 })
      : new Refusal(
          'conflict',
          'The same request was interrupted: look whether it was carried out, and take another key.',
        );
  }
  if (now < kept.expiresAt) return { reply: kept.reply, location: kept.location };
  throw doneBefore(kept.location);
}

function doneBefore(location: string | undefined): Refusal {
  return new Refusal('exists', `This was carried out before, and made ${location ?? 'it'}.`);
}

/** What was made at `location` is gone: nobody is told of it any more. */
export async function forgetMade(deps: Deps, { tenant }: RequestContext, location: string): Promise<void> {
  await forgetRequestsOf(deps.db, tenant.id, location);
}
