// How many access tokens `signet/verifier` verifies, beside jose alone, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Machine, placed } from './machine.ts';
import type { Plan } from './measure.ts';
import { median, type Verified, type VerifyAlg, verifyAlgs, verifyWays } from './results.ts';
import { figure, percent, plainTable } from './tables.ts';
import { root } from './targets.ts';
import type { VerifyRound } from './verify.ts';

/** Each round of every way, and what stands in the middle. Verifications per second. */
export type Verifications = {
  readonly rounds: readonly VerifyRound[];
  readonly medians: Readonly<Record<VerifyAlg, Verified>>;
};

/** On the core of the measured server. @throws Error when a token is not verified rightly, or nothing was measured */
export async function measureVerifications(machine: Machine, { rounds, seconds }: Plan): Promise<Verifications> {
  const script = [process.execPath, join(root, 'bench/verify.ts'), String(rounds), String(seconds * 1000)];
  const [file, ...args] = placed(machine, 'server core', script);
  const { stdout } = await promisify(execFile)(file, args);
  const taken = JSON.parse(stdout) as VerifyRound[];
  const isWhole = (round: VerifyRound) => verifyAlgs.every((alg) => verifyWays.every((way) => round[alg][way] > 0));
  if (taken.length !== rounds || !taken.every(isWhole)) throw new Error(`verify measured nothing:\n${stdout}`);
  const of = (alg: VerifyAlg): Verified => {
    const middle = (valueOf: (round: VerifyRound[VerifyAlg]) => number) =>
      median(taken.map((round) => valueOf(round[alg])));
    return {
      cached: Math.round(middle(({ cached }) => cached)),
      uncached: Math.round(middle(({ uncached }) => uncached)),
      jose: Math.round(middle(({ jose }) => jose)),
      uncachedOfJose: Number(middle(({ uncached, jose }) => uncached / jose).toFixed(3)),
    };
  };
  return { rounds: taken, medians: { ES256: of('ES256'), RS256: of('RS256') } };
}

/** As the other rows are shown, with each round. */
export function shownVerifications({ rounds, medians }: Verifications): string {
  const head = ['', '', 'cached', 'uncached', 'jose', 'uncached of jose'];
  const line = (name: string, alg: VerifyAlg, { cached, uncached, jose }: VerifyRound[VerifyAlg], ratio: string) => [
    name,
    alg,
    figure(cached),
    figure(uncached),
    figure(jose),
    ratio,
  ];
  const lines = verifyAlgs.flatMap((alg) => [
    line('verify', alg, medians[alg], percent(medians[alg].uncachedOfJose, 1)),
    ...rounds.map((round) => line('  round', alg, round[alg], percent(round[alg].uncached, round[alg].jose))),
  ]);
  return `${plainTable(head, lines)}\n`;
}
