// The lines of a compressed backup, one after the other, with the hash of all that came before each.
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { runningHash } from '../../crypto/hash.ts';
import { cutOff, damaged, longestLine } from './format.ts';

export type BackupLines = {
  /** The next line, or undefined at the end. */
  next(): Promise<string | undefined>;
  /** The SHA-256 of everything before the line that `next` gave last, in hex. */
  hashBeforeLast(): string;
};

/** @throws BackupError from `next`, when the stream is not what gzip wrote or ends in the middle. */
export function linesOf(compressed: Readable): BackupLines {
  const pieces = splitLines(compressed);
  const hash = runningHash();
  let last: Buffer | undefined;
  return {
    async next() {
      if (last) hash.add(last);
      const { value } = await pieces.next();
      last = value ?? undefined;
      return last?.toString('utf8', 0, last.length - 1);
    },
    hashBeforeLast: () => hash.hex(),
  };
}

/** Each line with its line break. What comes behind the last line break is no line. */
async function* splitLines(compressed: Readable): AsyncGenerator<Buffer, undefined> {
  const gunzip = createGunzip();
  compressed.once('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  let rest: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end + 1)]);
        [rest, length, from] = [[], 0, end + 1];
      }
      rest.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > longestLine) throw damaged();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') throw cutOff(error);
    throw code?.startsWith('Z_') ? damaged(error) : error;
  }
  if (length > 0) throw damaged();
  return undefined;
}
