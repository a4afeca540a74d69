// A process like a test run: two Signets one after the other, and how long each takes to its first token, in milliseconds.
import { startSignet } from '../src/testing/testing.ts';
import { client, users } from './world.ts';

async function millisecondsToFirstToken(): Promise<number> {
  const [user] = users;
  const begun = performance.now();
  await using signet = await startSignet({
    clients: [{ ...client, redirect_uris: [...client.redirect_uris] }],
    users: [user!],
    logLevel: 'silent',
  });
  await signet.signIn({ client: client.client_id, username: user!.username });
  return performance.now() - begun;
}

const first = await millisecondsToFirstToken();
const next = await millisecondsToFirstToken();
process.stdout.write(`${JSON.stringify({ first, next })}\n`);
