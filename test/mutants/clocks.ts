// Removals from what keeps a wrong clock from doing harm.
import type { Mutant } from './mutant.ts';

const test = 'test/faults/wrong-clocks.test.ts';
const maintenance = 'src/flows/upkeep/maintenance.ts';

export const clockMutants: readonly Mutant[] = [
  {
    name: 'a process with a wrong clock does its round',
    file: maintenance,
    remove: '  if (trouble !== undefined) {\n',
    insert: '  if (trouble === "") {\n',
    test,
    title: 'a process whose machine is 40 days ahead',
  },
  {
    name: 'a process with a wrong clock is ready',
    file: 'src/flows/readiness.ts',
    remove: 'if (clocks !== undefined) return',
    insert: 'if (clocks === "") return',
    test,
    title: 'a process whose machine is 2 days behind',
  },
  {
    name: 'what a jump of the clocks makes old is removed at once',
    file: maintenance,
    remove: 'round.held ? harmless : undefined',
    insert: 'undefined',
    test,
    title: '400 days',
  },
  {
    name: 'keys wait for a future that was no time',
    file: maintenance,
    remove:
      '    if (round.since !== undefined && round.since < -mostClockDifference) await forgetFutureKeyTimes(deps.db, now);\n',
    insert: '',
    test,
    title: 'right again',
  },
];
