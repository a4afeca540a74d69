// Removals in signet/testing and in the cluster that it runs on.
import type { Mutant } from './mutant.ts';

const throwaway = 'src/testing/throwaway.ts';
const cluster = 'test/embedded/throwaway.test.ts';
const testing = 'test/testing/testing.test.ts';

export const testingMutants: readonly Mutant[] = [
  {
    name: 'the files of a throwaway cluster outlive its owner',
    file: 'src/embedded/guard.ts',
    remove: '[ -z "$remains" ] || [ $status -ne 0 ] || rm -rf -- "$remains"\n',
    insert: '',
    test: cluster,
    title: 'the owner is killed',
  },
  {
    name: 'a throwaway cluster that runs is taken for one that was left',
    file: throwaway,
    remove: 'ownerLockIsHeld(directory) || remove(directory)',
    insert: 'remove(directory)',
    test: cluster,
    title: 'a start removes',
  },
  {
    name: 'a throwaway directory that is just made is taken for one that was left',
    file: throwaway,
    remove: ' || now - stats.mtimeMs < ABANDONED_AFTER_MS',
    insert: '',
    test: cluster,
    title: 'a start removes',
  },
  {
    name: 'what killed owners left of throwaway clusters stays',
    file: throwaway,
    remove: '  await removeAbandoned(directory);\n',
    insert: '',
    test: cluster,
    title: 'a start removes',
  },
  {
    name: 'a damaged archive stays',
    file: throwaway,
    remove: '    await rm(options.archive, { force: true });\n',
    insert: '    throw new Error("damaged");\n',
    test: cluster,
    title: 'a damaged archive',
  },
  {
    name: 'consent that nobody asks for counts as denied',
    file: 'src/testing/browser.ts',
    remove: 'assertAsked(location, person, consent, wasAsked)',
    insert: 'location',
    test: testing,
    title: 'denies consent',
  },
  {
    name: 'a test’s mistakes in what it provisions are applied',
    file: 'src/flows/provision/apply-object.ts',
    remove: '  if (mistakes.length > 0) throw new ProvisioningError(withPositions(mistakes, position));\n',
    insert: '',
    test: testing,
    title: 'provisioning',
  },
  {
    name: 'what was not applied is remembered',
    file: 'src/testing/testing.ts',
    remove: '    await applyObject(server.deps, whole).catch(reworded);\n    known.keep(whole);\n',
    insert: '    known.keep(whole);\n    await applyObject(server.deps, whole).catch(reworded);\n',
    test: testing,
    title: 'a mistake in more',
  },
  {
    name: 'the clock of a Signet in tests follows a false time',
    file: 'src/testing/clock.ts',
    remove: 'const realTime = Date.now;',
    insert: 'const realTime = () => Date.now();',
    test: testing,
    title: 'works while the application',
  },
  {
    name: 'a database made at another server stays',
    file: 'src/testing/database.ts',
    remove: 'drop: () => dropDatabase(url, name)',
    insert: 'drop: () => Promise.resolve()',
    test: testing,
    title: 'a PostgreSQL that is given',
  },
];
