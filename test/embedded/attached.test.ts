// A process attached to another's embedded Postgres learns that the owner has ended, however it ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';

const MODULE = new URL('../../src/embedded/postgres.ts', import.meta.url).href;

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'signet-test-'));
});
// Retried, because the guard of a killed owner may still be at work in it.
afterAll(() => rm(dataDir, { recursive: true, maxRetries: 20 }));

/** Another process that owns the cluster, once that runs; its standard input ending stops it. */
async function startOwner(): Promise<ChildProcess> {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)});
    const { stop } = await startEmbeddedPostgres(${JSON.stringify(dataDir)}, { durable: false });
    console.log('running');
    process.stdin.resume().on('end', stop);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
  });
  await once(createInterface(child.stdout), 'line');
  return child;
}

test.each([
  { how: 'is killed', end: (owner: ChildProcess) => owner.kill('SIGKILL') },
  { how: 'stops', end: (owner: ChildProcess) => owner.stdin!.end() },
])('the owner $how: what is attached is lost, and one that left before is not told', async ({ end }) => {
  const owner = await startOwner();
  const exit = once(owner, 'exit');
  const told: string[] = [];
  try {
    const [attached, left] = [await startEmbeddedPostgres(dataDir), await startEmbeddedPostgres(dataDir)];
    expect([attached.attached, attached.created, left.attached]).toEqual([true, false, true]);
    void attached.lost.then(() => told.push('attached'));
    void left.lost.then(() => told.push('left'));
    await left.stop();
    expect(told).toEqual([]);
    end(owner);
    await exit;
    await attached.lost;
    expect(told).toEqual(['attached']);
  } finally {
    owner.kill('SIGKILL');
  }
});
