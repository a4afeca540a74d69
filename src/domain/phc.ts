// PHC strings of argon2id: how password hashes are written down.

export type HashParameters = { readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number };

type Phc = HashParameters & { readonly salt: Buffer; readonly hash: Buffer };

// A stored hash names its own cost: an imported one may ask for no more than this.
const most = { memoryKiB: 1_048_576, iterations: 20, parallelism: 16 };

/** The PHC string format: parameters in the order m, t, p, which other libraries insist on. */
export function encodePhc({ memoryKiB, iterations, parallelism, salt, hash }: Phc): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${iterations},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** The parts of an argon2id PHC string, or undefined when it is malformed or asks for more work than is allowed. */
export function parsePhc(phc: string): Phc | undefined {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{16,172})$/.exec(
      phc,
    );
  if (!match) return undefined;
  const [memoryKiB, iterations, parallelism] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (memoryKiB > most.memoryKiB || iterations > most.iterations || parallelism > most.parallelism) return undefined;
  if (iterations < 1 || parallelism < 1 || memoryKiB < 8 * parallelism) return undefined;
  return {
    memoryKiB,
    iterations,
    parallelism,
    salt: Buffer.from(match[4]!, 'base64'),
    hash: Buffer.from(match[5]!, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
