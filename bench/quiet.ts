// Nobody else uses the machine while something is timed: otherwise it is timed again.
import { setTimeout as wait } from 'node:timers/promises';
import { cpuOfAll } from './machine.ts';

/** The share of one core that others may use. */
const mostOfOthers = 0.1;
const attempts = 20;
/** Milliseconds: how long it is watched whether others are quiet, and for how long at most until they are. */
const watched = 500;
const longestWait = 180_000;

/** What was timed, with the microseconds of CPU that others used meanwhile; undefined where that cannot be read. */
export type Timed<T> = { readonly value: T; readonly seconds: number; readonly others: number | undefined };

/** Times until nothing disturbs it. What it gave has no say in that. @throws Error when the machine stays busy */
export async function undisturbed<T>(time: () => Promise<Timed<T>>): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { value, seconds, others } = await time();
    if (others === undefined || others / 1e6 <= seconds * mostOfOthers) return value;
    await untilQuiet();
  }
  throw new Error('Something else keeps using the machine: nothing can be measured.');
}

async function untilQuiet(): Promise<void> {
  for (let waited = 0; waited < longestWait; waited += watched) {
    const before = cpuOfAll();
    await wait(watched);
    if (((cpuOfAll() ?? 0) - (before ?? 0)) / 1000 <= watched * mostOfOthers) return;
  }
}
