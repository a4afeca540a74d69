// Random bytes, drawn from the system's generator in larger pieces: a request needs a few bytes several times.
import { randomBytes } from 'node:crypto';

const pieceBytes = 4096;

/** Gives `bytes` random bytes, each of them once: what was given is erased here. */
export function pooledRandom(): (bytes: number) => Buffer {
  let piece = Buffer.alloc(0);
  let at = 0;
  return (bytes) => {
    if (bytes > pieceBytes) return randomBytes(bytes);
    if (at + bytes > piece.length) {
      piece = randomBytes(pieceBytes);
      at = 0;
    }
    const taken = Buffer.from(piece.subarray(at, at + bytes));
    piece.fill(0, at, at + bytes);
    at += bytes;
    return taken;
  };
}
