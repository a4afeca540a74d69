// `npm run bench [row ...]`: measures, prints, and after a whole run writes down.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { documentFile, readAdministration, readResults, renderDocument, resultsFile } from './document.ts';
import { withEnding } from './ending.ts';
import { describeMachine, type Machine, memoryOf, pinLoad } from './machine.ts';
import { fullPlan, measureRow, type Round } from './measure.ts';
import { profileRow } from './profile.ts';
import { nonsenseIn, type Results, type RowName, rowNames, type RowResult, rowTexts, servers } from './results.ts';
import { measureStarts } from './starts.ts';
import { figure, percent, plainTable, times } from './tables.ts';
import { type Bench, root, startBench } from './targets.ts';
import { measureVerifications, shownVerifications } from './verifications.ts';

const { values: options, positionals } = givenOrUsage();

function givenOrUsage() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { doc: { type: 'boolean' }, profile: { type: 'boolean' }, rounds: { type: 'string' } },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('. ')[0]}\n`);
    process.stderr.write(
      'Usage: npm run bench [-- --rounds N] [row ...], npm run bench -- --profile ROW, or -- --doc\n',
    );
    process.exit(2);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The row that is no server's. */
const verifyRow = 'verify';

/** The servers' rows, and whether `verify` is among what was asked for. */
function rowsAsked(): { rows: readonly RowName[]; isVerifyAsked: boolean } {
  const all: readonly string[] = [...rowNames, verifyRow];
  const unknown = positionals.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}. The rows are ${all.join(', ')}.`);
  if (positionals.length === 0) return { rows: rowNames, isVerifyAsked: true };
  return {
    rows: rowNames.filter((name) => positionals.includes(name)),
    isVerifyAsked: positionals.includes(verifyRow),
  };
}

function roundsAsked(): number {
  const rounds = Number(options.rounds ?? fullPlan.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number above 0.');
  return rounds;
}

async function main(): Promise<void> {
  if (options.doc === true) return writeDocument(await readResults());
  const { rows, isVerifyAsked } = rowsAsked();
  const plan = { ...fullPlan, rounds: roundsAsked() };
  if (!existsSync(join(root, 'bench/node_modules/oidc-provider')))
    throw new Error('The peer is not installed. Run "npm ci --prefix bench" first.');
  const machine = describeMachine();
  if (!machine.pinned)
    say(
      'Processes cannot be bound to cores here (there is no taskset, or only one core): the figures disturb each other.',
    );
  if (!machine.costs) say('There is no /proc here: what processes cost is not shown.');
  pinLoad(machine);
  if (options.profile === true) {
    if (positionals.includes(verifyRow)) throw new Error('Only what a server does can be profiled.');
    for (const row of rows) say(await profileRow(row, machine));
    return;
  }
  const verifications = isVerifyAsked ? await measureVerifications(machine, plan) : undefined;
  if (verifications) say(shownVerifications(verifications));
  if (rows.length === 0) return;
  const { measured, about } = await withEnding((stack) => measureRows(rows, machine, plan, stack));
  if (positionals.length > 0 || !verifications) return;
  say('starts: the process with its own PostgreSQL, and signet/testing');
  const starts = { ...about.starts, ...(await withEnding((stack) => measureStarts(machine, stack))) };
  say(JSON.stringify(starts));
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine,
    versions: about.versions,
    rounds: plan.rounds,
    secondsPerRound: plan.seconds,
    rows: measured,
    counted: about.counted,
    verify: verifications.medians,
    starts,
  };
  await writeFile(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeDocument(results);
}

async function measureRows(
  rows: readonly RowName[],
  machine: Machine,
  plan: typeof fullPlan,
  stack: AsyncDisposableStack,
) {
  const bench = await startBench(machine, stack);
  const about = {
    versions: await versionsOf(bench),
    counted: bench.recorded.counted,
    // Nobody has asked it anything yet.
    starts: { idleMemory: memoryOf(bench.targets.signet.pid) ?? null },
  };
  const measured: Partial<Record<RowName, RowResult>> = {};
  for (const row of rows) {
    const result = await measureSensibly(row, bench, plan);
    measured[row] = result;
    say(shown(row, result));
  }
  return { measured: measured as Record<RowName, RowResult>, about };
}

const attempts = 3;

/** @throws Error when the machine lets nothing sensible be measured. */
async function measureSensibly(row: RowName, bench: Bench, plan: typeof fullPlan): Promise<RowResult> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await measureRow(row, bench, plan, (round) => say(shownRound(round)));
    const nonsense = nonsenseIn(result);
    if (nonsense === undefined) return result;
    say(`${row}: ${nonsense}, so something else used the machine.`);
    if (attempt === attempts) throw new Error(`${row} cannot be measured now. Let the machine do nothing else.`);
  }
}

async function versionsOf({ postgresVersion }: Bench): Promise<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const versionOf = async (path: string) => (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version;
  return {
    Node: process.versions.node,
    PostgreSQL: postgresVersion,
    Signet: await versionOf(join(root, 'package.json')),
    Fastify: await versionOf(require.resolve('fastify/package.json')),
    jose: await versionOf(join(root, 'node_modules/jose/package.json')),
    'oidc-provider': await versionOf(join(root, 'bench/node_modules/oidc-provider/package.json')),
  };
}

function shownRound(round: Round): string {
  const { floor = null, signet = null, peer = null } = round;
  const told = servers.filter((server) => round[server] !== undefined);
  const figures = told.map((server) => `${server} ${figure(round[server]!)}`);
  const ratios = [
    `${percent(signet, floor)} of the floor`,
    ...(peer === null ? [] : [`${times(signet, peer)} the peer`]),
  ];
  return `  round: ${figures.join(', ')}; ${ratios.join(', ')}`;
}

function shown(row: RowName, result: RowResult): string {
  const head = ['', '', 'per second', 'of floor', 'of peer', 'p50 ms', 'p99 ms', 'CPU us', 'PG us', 'core', 'MiB'];
  const lines = servers.flatMap((server) => {
    const measured = result[server];
    if (!measured) return [];
    const { perSecond, p50, p99, serverCpu, postgresCpu, busy, memory } = measured;
    return [
      [
        server === 'floor' ? row : '',
        server,
        figure(perSecond),
        server === 'floor' ? '' : percent(perSecond, result.floor.perSecond),
        server === 'signet' ? times(perSecond, result.peer?.perSecond ?? null) : '',
        figure(p50),
        figure(p99),
        figure(serverCpu),
        figure(postgresCpu),
        busy === null ? '–' : `${busy} %`,
        figure(memory),
      ],
    ];
  });
  const { floor, peer } = rowTexts[row];
  const notes = [`floor: ${floor}`, ...(peer === undefined ? [] : [`peer: ${peer}`])];
  return `${plainTable(head, lines)}\n${notes.join('\n')}\n`;
}

async function writeDocument(results: Results): Promise<void> {
  await writeFile(documentFile, renderDocument(results, await readAdministration()));
  say('docs/performance.md is written.');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`The bench failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
