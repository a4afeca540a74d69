// The TLS certificate and its key, read again when their files were replaced: new handshakes see the new pair, and nobody's connection ends.
import type { Logger } from 'pino';

export type TlsPair = { readonly cert: string; readonly key: string };

/** Milliseconds between two looks at the files. */
const interval = 60_000;

export type FollowingTls = {
  /** Looks now. */
  again(): void;
  stop(): void;
};

/**
 * `read` gives the pair as the settings have it now, or throws with what is wrong with it: then the one before stays, and the
 * log says why. A pair whose halves do not belong together is one that is just being written.
 */
export function followTls(
  first: TlsPair,
  { read, use, log }: { read: () => TlsPair | undefined; use: (pair: TlsPair) => void; log: Logger },
): FollowingTls {
  let current = first;
  const again = () => {
    try {
      const pair = read();
      if (!pair || (pair.cert === current.cert && pair.key === current.key)) return;
      use(pair);
      current = pair;
      log.info('the TLS certificate was replaced');
    } catch (error) {
      log.error({ error: (error as Error).message }, 'the TLS files cannot be used; the pair before stays in use');
    }
  };
  const timer = setInterval(again, interval);
  timer.unref();
  return { again, stop: () => clearInterval(timer) };
}
