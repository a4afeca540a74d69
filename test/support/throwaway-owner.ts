// A process that owns a throwaway cluster until it is killed. Says where the socket is.
import { startThrowawayPostgres } from '../../src/testing/throwaway.ts';

const [archive = ''] = process.argv.slice(2);
const prepare = () => Promise.resolve();
const { connection } = await startThrowawayPostgres({ archive, prepare, maxConnections: 20 });
process.send!(connection.host);
setInterval(() => {}, 1000);
