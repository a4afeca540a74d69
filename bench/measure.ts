// Measuring a row: rounds in which the servers take turns, and the medians of what they gave.
import { check } from './checks.ts';
import { drive, type Load } from './load.ts';
import { cpuOf, cpuOfAll, cpuOfPostgres, memoryOf } from './machine.ts';
import { type Timed, undisturbed } from './quiet.ts';
import { median, type Measured, percentile, type RowName, type RowResult, type ServerName } from './results.ts';
import { type Lane, rows } from './rows.ts';
import type { Bench } from './targets.ts';

export type Plan = { readonly rounds: number; readonly seconds: number; readonly warmUpSeconds: number };

/** For a whole run: every row stays within about a minute. */
export const fullPlan: Plan = { rounds: 5, seconds: 2, warmUpSeconds: 2 };

/** Units per second of each server in one round. */
export type Round = Readonly<Partial<Record<ServerName, number>>>;

/**
 * Checks the row's answers, then times it. `tell` is told each round.
 * @throws Error when any answer is wrong, at once and also while it is timed.
 */
export async function measureRow(
  name: RowName,
  bench: Bench,
  plan: Plan,
  tell: (round: Round) => void = () => {},
): Promise<RowResult> {
  const row = rows[name];
  const lanes = new Map<ServerName, Lane>();
  const rates = new Map<ServerName, number>();
  const taken = new Map<ServerName, Measured[]>();
  for (const server of row.servers) {
    await check(name, bench, bench.targets[server]);
    lanes.set(server, await row.open(bench, bench.targets[server]));
    taken.set(server, []);
    // Short first: how fast it is decides how much has to be prepared.
    for (const seconds of [0.3, plan.warmUpSeconds]) await window(server, seconds);
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    // Each begins as often as the others: what one leaves behind (a checkpoint, dirty pages) falls on whoever is next.
    const first = round % row.servers.length;
    for (const server of [...row.servers.slice(first), ...row.servers.slice(0, first)])
      taken.get(server)!.push(await undisturbed(() => window(server, plan.seconds)));
    tell(Object.fromEntries(row.servers.map((server) => [server, taken.get(server)![round]!.perSecond])));
  }
  const of = (server: ServerName) => mediansOf(taken.get(server)!);
  return { floor: of('floor'), signet: of('signet'), ...(row.servers.includes('peer') ? { peer: of('peer') } : {}) };

  async function window(server: ServerName, seconds: number): Promise<Timed<Measured>> {
    const target = bench.targets[server];
    const units = Math.ceil((rates.get(server) ?? 300) * seconds * 1.5) + row.connections;
    const script = await lanes.get(server)!(units);
    const cpu = () => ({
      server: cpuOf(target.pid),
      postgres: bench.postmaster === undefined ? undefined : cpuOfPostgres(bench.postmaster),
      load: cpuOf(process.pid),
      all: cpuOfAll(),
    });
    let before = cpu();
    let after = before;
    const load = await drive(target, { connections: row.connections, milliseconds: seconds * 1000 }, script, {
      begun: () => (before = cpu()),
      ended: () => (after = cpu()),
    });
    if (load.completed === 0) throw new Error(`${server} answered nothing within ${seconds} s`);
    rates.set(server, load.completed / load.seconds);
    const used = (whose: keyof typeof before) => difference(before[whose], after[whose]);
    const [ofServer, postgres, own, all] = [used('server'), used('postgres'), used('load'), used('all')];
    return {
      value: measured(load, ofServer, postgres, target.pid),
      seconds: load.seconds,
      others: all === undefined ? undefined : all - (ofServer ?? 0) - (postgres ?? 0) - (own ?? 0),
    };
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function measured(
  { completed, seconds, latencies }: Load,
  server: number | undefined,
  postgres: number | undefined,
  pid: number,
): Measured {
  return {
    perSecond: completed / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    serverCpu: server === undefined ? null : server / completed,
    postgresCpu: postgres === undefined ? null : postgres / completed,
    busy: server === undefined ? null : (server / 1e6 / seconds) * 100,
    memory: memoryOf(pid) ?? null,
  };
}

function mediansOf(windows: readonly Measured[]): Measured {
  const of = (key: keyof Measured, digits: number) => {
    const values = windows.map((window) => window[key]);
    return values.every((value) => value !== null) ? Number(median(values).toFixed(digits)) : null;
  };
  return {
    perSecond: of('perSecond', 1)!,
    p50: of('p50', 2)!,
    p99: of('p99', 2)!,
    serverCpu: of('serverCpu', 0),
    postgresCpu: of('postgresCpu', 0),
    busy: of('busy', 0),
    memory: of('memory', 0),
  };
}
