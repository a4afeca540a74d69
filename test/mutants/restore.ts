// Removals in backup, restore, and what a server does on a database that was put back.
import type { Mutant } from './mutant.ts';

const elsewhere = 'test/faults/restored-elsewhere.test.ts';
const issued = 'src/storage/issued.ts';

export const restoreMutants: readonly Mutant[] = [
  {
    name: 'a server does not notice that its database was put back elsewhere',
    file: 'src/start/server.ts',
    remove: 'if (elsewhere) await noticeRestored({ ...deps, db: backend.patient });',
    insert: '',
    test: elsewhere,
    title: 'a server starts on a copy',
  },
  {
    name: 'a server whose database was swapped goes on once another has accepted the copy',
    file: 'src/flows/restore/watch-location.ts',
    remove: 'if (!isSameLocation(home, await currentLocation(db))) return true;',
    insert: 'home = await currentLocation(db);',
    test: elsewhere,
    title: 'accepted the copy already',
  },
  {
    name: 'a server goes on with tables from elsewhere',
    file: 'src/flows/restore/watch-location.ts',
    remove: 'known !== undefined && !isSameLocation(home, known)',
    insert: 'known !== undefined && Math.abs(0) > 1',
    test: elsewhere,
    title: 'tables from elsewhere',
  },
  {
    name: 'a backup file is loaded before its seal is looked at',
    file: 'src/cli/restore.ts',
    remove: 'if (source.again) await assertSealed(config.publicUrl, secretKeys, linesOf(source.read()));',
    insert: 'void assertSealed;',
    test: 'test/cli/backup.test.ts',
    title: 'somebody else changed: refused before',
  },
  {
    name: 'two servers that start at once both revoke',
    file: 'src/flows/restore/restored.ts',
    remove: `if (by === 'server' && known && isSameLocation(known, location)) return 'another was first';`,
    insert: '',
    test: elsewhere,
    title: 'two servers',
  },
  {
    name: 'grants live on after a restore',
    file: issued,
    remove: `const grants = await endAllGrants.run(tx, { tenantId, reason, now });`,
    insert: 'const grants = 0;',
    test: elsewhere,
    title: 'a server starts on a copy',
  },
  {
    name: 'sessions live on after a restore',
    file: issued,
    remove: `const sessions = await endAllSessions.run(tx, { tenantId, reason, now });`,
    insert: 'const sessions = 0;',
    test: elsewhere,
    title: 'a server starts on a copy',
  },
  {
    name: 'signing keys live on after a restore',
    file: 'src/flows/restore/restored.ts',
    remove: '      await replaceAllKeys(deps, tx, context, keys.get(tenant.id)!);',
    insert: '',
    test: elsewhere,
    title: 'a server starts on a copy',
  },
  {
    name: 'sign-ins that are under way live on after a restore',
    file: issued,
    remove: `['sign_in_attempts', 'one_time_tokens',`,
    insert: `['one_time_tokens',`,
    test: elsewhere,
    title: 'a server starts on a copy',
  },
  {
    name: 'a backup that somebody else changed is restored',
    file: 'src/flows/restore/restore.ts',
    remove: '|| !deps.box.matches(sealPurpose, sha256, end.seal)',
    insert: '',
    test: 'test/storage/backup.test.ts',
    title: 'hash made to fit',
  },
  {
    name: 'a backup is restored over what is there',
    file: 'src/flows/restore/restore.ts',
    remove: 'if (!(await isEmptyDatabase(tx)))',
    insert: 'if (Math.abs(0) > 1)',
    test: 'test/storage/backup.test.ts',
    title: 'a database that is not empty',
  },
  {
    name: 'a backup is restored with another SECRET_KEY',
    file: 'src/flows/restore/restore.ts',
    remove: 'if (!deps.box.has(head.secret_key))',
    insert: 'if (Math.abs(0) > 1)',
    test: 'test/storage/backup.test.ts',
    title: 'made with another SECRET_KEY',
  },
];
