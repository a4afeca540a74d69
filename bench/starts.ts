// How long it takes to the first token: of a process with data in its DATA_DIR, and of `startSignet()` in a test.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createAgent } from '../test/support/agent.ts';
import { authorizeInteractively } from '../test/support/flow.ts';
import { type Answer, ask } from './load.ts';
import { type Machine, placed } from './machine.ts';
import { median, type Starts } from './results.ts';
import { tokenIn } from './rows.ts';
import { freePort, root, type Server, signetIsReady, startServer } from './targets.ts';
import { authorizePath, client, codeForm, refreshForm, type Target, tokenRequest, users } from './world.ts';

const times = 3;

/** On every core, as nothing else runs then. */
export async function measureStarts(
  machine: Machine,
  stack: AsyncDisposableStack,
): Promise<Omit<Starts, 'idleMemory'>> {
  return { cold: await coldStart(machine, stack), ...(await startsInTests(machine)) };
}

/** With the embedded PostgreSQL: `npm start` after `npm start`. */
async function coldStart(machine: Machine, stack: AsyncDisposableStack): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-bench-start-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o711);
  const port = await freePort();
  const provision = join(directory, 'world.json');
  await writeFile(provision, JSON.stringify({ users: users.slice(0, 1), clients: [client] }));
  let server: Server | undefined;
  stack.defer(() => server?.stop());
  const start = async (env: Record<string, string>) => {
    const command = placed(machine, 'every core', [process.execPath, join(root, 'bin/signet.js'), 'serve']);
    server = await startServer(command, {
      ready: signetIsReady,
      directory,
      env: { PORT: String(port), DATA_DIR: join(directory, 'data'), ...env },
      log: 'signet.log',
    });
  };
  const issuer = `http://localhost:${port}`;
  const target: Target = { name: 'signet', host: 'localhost', port, issuer, pid: 0, browsers: [] };
  await start({ PROVISION: provision });
  const code = await authorizeInteractively(createAgent(), { url: `${issuer}${authorizePath()}` }, users[0]);
  let answer = await ask(target, tokenRequest(target, codeForm(code.get('code')!)));
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) {
    await server!.stop();
    const request = tokenRequest(target, refreshForm(tokenIn(answer, 'refresh_token')));
    const begun = performance.now();
    const starting = start({});
    answer = await asSoonAsPossible(target, request, starting);
    taken.push(performance.now() - begun);
    tokenIn(answer, 'access_token');
    await starting;
  }
  return Math.round(median(taken));
}

/** The first answer, tried again while nothing listens. @throws Error when the server ends without one. */
async function asSoonAsPossible(target: Target, request: string, starting: Promise<void>): Promise<Answer> {
  const failed = new AbortController();
  starting.catch((error: unknown) => failed.abort(error));
  while (!failed.signal.aborted) {
    const answer = await ask(target, request).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || error instanceof AggregateError) return undefined;
      throw error;
    });
    if (answer) return answer;
    await wait(5);
  }
  throw failed.signal.reason;
}

async function startsInTests(machine: Machine): Promise<Pick<Starts, 'firstInTest' | 'nextInTest'>> {
  const [file, ...args] = placed(machine, 'every core', [process.execPath, join(root, 'bench/in-test.ts')]);
  const taken: { first: number; next: number }[] = [];
  // The first of all makes what later ones find on the machine.
  for (let time = 0; time <= times; time += 1) {
    const { stdout } = await promisify(execFile)(file, args);
    taken.push(JSON.parse(stdout) as { first: number; next: number });
  }
  const warm = taken.slice(1);
  return {
    firstInTest: Math.round(median(warm.map(({ first }) => first))),
    nextInTest: Math.round(median(warm.map(({ next }) => next))),
  };
}
