// PHC strings of argon2id: how password hashes are written down.

export type HashParameters = { readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number };

type Phc = HashParameters & { readonly salt: Buffer; readonly hash: Buffer };

// A stored hash names its own cost: an imported one may ask for no more than this.
const most = { memoryKiB: 1_048_576, iterations: 20, parallelism: 16 };

/** The PHC string format: parameters in the order m, t, p, which other libraries insist on. */
export function encodePhc({ memoryKiB, iterations, parallelism, salt, hash }: Phc): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${iterations},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * The parts of an argon2id PHC string, or undefined when it is malformed or asks for more work than is allowed. Its parameters
 * may come in any order: not every library keeps to that of the format.
 */
export function parsePhc(phc: string): Phc | undefined {
  const match =
    /^\$argon2id\$v=19\$([mtp]=\d{1,8}(?:,[mtp]=\d{1,8}){2})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{16,172})$/.exec(
      phc,
    );
  if (!match) return undefined;
  const named = new Map(match[1]!.split(',').map((part) => part.split('=') as [string, string]));
  if (named.size !== 3) return undefined;
  const [memoryKiB, iterations, parallelism] = ['m', 't', 'p'].map((name) => Number(named.get(name))) as [
    number,
    number,
    number,
  ];
  if (memoryKiB > most.memoryKiB || iterations > most.iterations || parallelism > most.parallelism) return undefined;
  if (iterations < 1 || parallelism < 1 || memoryKiB < 8 * parallelism) return undefined;
  return {
    memoryKiB,
    iterations,
    parallelism,
    salt: Buffer.from(match[2]!, 'base64'),
    hash: Buffer.from(match[3]!, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
