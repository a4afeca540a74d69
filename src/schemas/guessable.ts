// Passwords that are guessed first: common ones, rows of keys, repetitions, and what is made of the names around them.
import { createRequire } from 'node:module';
import type * as Core from '@zxcvbn-ts/core';
import type * as Common from '@zxcvbn-ts/language-common';

/** More guesses than anybody gets through the limiter in a lifetime (NIST SP 800-63B-4 3.1.1.2 asks for a list of them). */
const guessesLog10 = 8;

/** Characters that are looked at, because the look takes milliseconds that grow with their square. */
const longestLook = 48;

/** The look grows with the names as well: no more of them, and no more of each (in characters), is looked at. */
const mostWords = 300;
const longestName = 48;

/** Words of the product itself. */
const ownWords = ['signet', 'identity provider'];

type Checker = { check(password: string, around: string[]): { guessesLog10: number } };
let checker: Checker | undefined;

/** True for what an attacker tries first. `around`: names of the person, the tenant and the like; case does not matter. */
export function isGuessable(password: string, around: readonly string[]): boolean {
  checker ??= loaded();
  const words = new Set(
    [...ownWords, ...around].flatMap((name) => {
      const word = name.slice(0, longestName);
      const parts = word.split(/[^\p{L}\p{N}]+/u);
      return [word, parts.join(''), ...parts].filter((part) => part.length > 2);
    }),
  );
  if (isMadeOf(password, words)) return true;
  const looked = Array.from(password.normalize('NFC')).slice(0, longestLook).join('');
  return checker.check(looked, Array.from(words).slice(0, mostWords)).guessesLog10 < guessesLog10;
}

/** Characters that must be there beside the names: fewer are a year, a number, an ending. */
const leastBeside = 8;

/** Whether hardly anything is left without the names, whatever stands between them. */
function isMadeOf(password: string, words: ReadonlySet<string>): boolean {
  const plain = plainly(password);
  const names = Array.from(words, plainly).filter((name) => name.length > 2);
  const rest = names
    .toSorted((one, other) => other.length - one.length)
    .reduce((left, name) => left.replaceAll(name, ''), plain);
  return rest.length < plain.length && rest.length < leastBeside;
}

/** Letters and digits alone, as if typed without shift. */
function plainly(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Only when the first password is set: the lists take 20 MiB, and most processes never need them. */
function loaded(): Checker {
  const require = createRequire(import.meta.url);
  const { ZxcvbnFactory } = require('@zxcvbn-ts/core') as typeof Core;
  const { dictionary, adjacencyGraphs } = require('@zxcvbn-ts/language-common') as typeof Common;
  return new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
}
