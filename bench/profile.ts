// Where Signet spends the CPU of a row: a profile of its main thread, added up by file and by function.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from './checks.ts';
import { withEnding } from './ending.ts';
import { drive } from './load.ts';
import { cpuOf, type Machine } from './machine.ts';
import type { RowName } from './results.ts';
import { rows } from './rows.ts';
import { plainTable } from './tables.ts';
import { root, startBench } from './targets.ts';

const warmUpSeconds = 3;
const seconds = 8;
/** Microseconds between two samples. */
const interval = 200;
const linesShown = 30;

/** The format of Node's `--cpu-prof`. Times in microseconds. */
type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

type Window = { begin: number; end: number; units: number; cpu: number };

/** Profiles one row. @returns what it costs, as a text. */
export async function profileRow(name: RowName, machine: Machine): Promise<string> {
  let profile: Profile | undefined;
  const window = await withEnding(async (stack) => {
    const directory = await mkdtemp(join(tmpdir(), 'signet-bench-profile-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    // Node writes it when Signet ends, which is right before this.
    stack.defer(async () => {
      const file = (await readdir(directory)).find((entry) => entry.endsWith('.cpuprofile'));
      if (file !== undefined) profile = JSON.parse(await readFile(join(directory, file), 'utf8')) as Profile;
    });
    return underLoad(name, machine, directory, stack);
  });
  if (!profile) throw new Error('Node wrote no profile.');
  return shown(name, profile, window);
}

async function underLoad(
  name: RowName,
  machine: Machine,
  directory: string,
  stack: AsyncDisposableStack,
): Promise<Window> {
  const options = ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${interval}`];
  const bench = await startBench(machine, stack, options);
  const target = bench.targets.signet;
  await check(name, bench, target);
  const row = rows[name];
  const lane = await row.open(bench, target);
  const run = async (length: number, units: number, around: Parameters<typeof drive>[3] = {}) =>
    drive(target, { connections: row.connections, milliseconds: length * 1000 }, await lane(units), around);
  const warm = await run(warmUpSeconds, 2000);
  const window: Window = { begin: 0, end: 0, units: 0, cpu: 0 };
  const { completed } = await run(seconds, Math.ceil((warm.completed / warm.seconds) * seconds * 1.5), {
    begun() {
      window.begin = microseconds();
      window.cpu = cpuOf(target.pid) ?? 0;
    },
    ended() {
      window.end = microseconds();
      window.cpu = (cpuOf(target.pid) ?? 0) - window.cpu;
    },
  });
  return { ...window, units: completed };
}

/** On the clock that profiles are written by. */
function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function shown(name: RowName, profile: Profile, window: Window): string {
  const own = ownTimes(profile, window);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const files = new Map<string, number>();
  const functions = new Map<string, number>();
  const inclusive = new Map<string, number>();
  const visit = (id: number, within: ReadonlySet<string>): number => {
    const node = byId.get(id)!;
    const file = fileOf(node.callFrame);
    const key = `${file} ${node.callFrame.functionName || '(anonymous)'}:${node.callFrame.lineNumber + 1}`;
    const inside = within.has(key) ? within : new Set([...within, key]);
    const mine = own.get(id) ?? 0;
    if (file !== '(idle)') {
      files.set(groupOf(file), (files.get(groupOf(file)) ?? 0) + mine);
      functions.set(key, (functions.get(key) ?? 0) + mine);
    }
    let total = mine;
    for (const child of node.children ?? []) total += visit(child, inside);
    // A function that calls itself is counted once.
    if (!within.has(key) && file.startsWith('src/')) inclusive.set(key, (inclusive.get(key) ?? 0) + total);
    return total;
  };
  visit(profile.nodes[0]!.id, new Set());
  const ranked = (costs: ReadonlyMap<string, number>) =>
    [...costs]
      .sort(([, a], [, b]) => b - a)
      .slice(0, linesShown)
      .map(([what, cost]) => [what, '', (cost / window.units).toFixed(1)]);
  const mainThread = [...files.values()].reduce((sum, cost) => sum + cost, 0);
  const each = (cost: number) => `${(cost / window.units).toFixed(0)} us`;
  return [
    `${name}: ${window.units} units; CPU for each ${each(window.cpu)}, of which the main thread ${each(mainThread)}, the rest threads (signatures, hashes, collection)`,
    '',
    plainTable(['Own time by file or package', '', 'us'], ranked(files)),
    '',
    plainTable(['Own time by function', '', 'us'], ranked(functions)),
    '',
    plainTable(['Time in a function of src and all it calls', '', 'us'], ranked(inclusive)),
    '',
  ].join('\n');
}

/** Microseconds of each node within the window. */
function ownTimes(profile: Profile, { begin, end }: Window): Map<number, number> {
  const own = new Map<number, number>();
  let at = profile.startTime;
  profile.samples.forEach((id, i) => {
    at += profile.timeDeltas[i]!;
    // A sample stands for the time until the next one.
    const lasted = profile.timeDeltas[i + 1] ?? 0;
    if (at >= begin && at <= end) own.set(id, (own.get(id) ?? 0) + lasted);
  });
  return own;
}

function fileOf({ url, functionName }: { url: string; functionName: string }): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  return url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url;
}

/** Packages as a whole. */
function groupOf(file: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file;
}
