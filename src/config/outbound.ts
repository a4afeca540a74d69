// The kinds of settings about what Signet reaches by HTTP.
import { type AllowedTarget, parseAllowed } from '../domain/outbound.ts';
import { BadValue, type Kind, kind, splitList } from './kinds.ts';

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
