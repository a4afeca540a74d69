// RFC 9110 13: a change is made to what was read, or not at all.
import { contentTag } from '../crypto/hash.ts';
import { Refusal } from '../domain/errors.ts';

/** RFC 9110 8.8.3: the strong tag of what is shown of something. */
export function entityTag(representation: object): string {
  return `"${contentTag(Buffer.from(JSON.stringify(representation)))}"`;
}

/**
 * RFC 9110 13.1.1, RFC 6585 3. `ifMatch`: the header as it came. `current`: what would be shown at this moment, under a lock.
 * @throws Refusal precondition_required without the header, precondition_failed when something else is there by now.
 */
export function assertMatches(ifMatch: string | undefined, current: object): void {
  if (ifMatch === undefined)
    throw new Refusal(
      'precondition_required',
      'Send If-Match with the ETag of what you read, or * for whatever is there.',
    );
  // A proxy that compresses makes them weak: they say no less of what is shown.
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags.includes('*') || tags.includes(entityTag(current))) return;
  if (!tags.every((tag) => /^"[^"]*"$/.test(tag)))
    throw new Refusal('precondition_failed', 'If-Match must be an ETag with its quotes, as it came, or *.');
  throw new Refusal('precondition_failed', 'It was changed since you read it: read it again, and decide again.');
}
