// Sealing anew what an older SECRET_KEY seals, so that the older one can be taken out of the settings.
import type { Deps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';

export type SealedThing = {
  /** What it was sealed about. */
  readonly about: string;
  readonly sealed: string;
  /** How the log names it. */
  readonly names: Readonly<Record<string, string>>;
  readonly store: (sealed: string) => Promise<void>;
};

/** Each under the current SECRET_KEY. One that cannot be opened is logged with the words of `trouble`. @throws Unavailable */
export async function sealAnew(
  deps: Deps,
  { purpose, trouble }: { purpose: string; trouble: string },
  things: readonly SealedThing[],
): Promise<void> {
  for (const { about, sealed, names, store } of things) {
    try {
      await store(deps.box.seal(purpose, about, deps.box.open(purpose, about, sealed)));
    } catch (error) {
      // One thing's trouble must not stop the others, nor the rest of the round.
      if (error instanceof Unavailable) throw error;
      deps.log.error({ ...names, error: (error as Error).message }, trouble);
    }
  }
}
