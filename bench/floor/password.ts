// The floor's password check: one Argon2id with the parameters of the stored hash, as many at once as Signet computes.
import { availableParallelism } from 'node:os';
import { verify } from '@node-rs/argon2';

const atOnce = Math.max(1, Math.min(availableParallelism(), 3));
const waiting: (() => void)[] = [];
let running = 0;

export async function verifiedPassword(password: string, phc: string): Promise<boolean> {
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await verify(phc, password);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
