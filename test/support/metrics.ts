// What a scrape of the metrics listener says, read as Prometheus would.
import { setTimeout as sleep } from 'node:timers/promises';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { query } from './database.ts';
import { codeFlow, refresh, spaClient, tokenRequest, webClient } from './flow.ts';
import { startSignet, type TestOptions, type TestSignet } from './signet.ts';
import { freePort } from '../../src/testing/start.ts';

export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export type Scraped = {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** By the name of the metric, without the suffixes of histograms. */
  readonly types: ReadonlyMap<string, string>;
  /** The sum of the samples of this name that have these labels; 0 when there is none. */
  value(name: string, labels?: Record<string, string>): number;
};

export type MeasuredSignet = TestSignet & { readonly metricsUrl: string; scrape(): Promise<Scraped> };

/** A mail server that nobody runs: what is to be sent waits. */
const nobody = { server: { host: '127.0.0.1', port: 9, tls: 'off' }, from: { address: 'signet@example.com' } } as const;

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error('it did not come to be');
}

/** A Signet with a metrics listener. */
export async function startMeasured(options: TestOptions = {}): Promise<MeasuredSignet> {
  const metrics = { host: 'localhost', port: await freePort() };
  const signet = await startSignet({ ...options, config: { mail: nobody, ...options.config, metrics } });
  const metricsUrl = `http://localhost:${metrics.port}/metrics`;
  return { ...signet, metricsUrl, scrape: () => scrape(metricsUrl) };
}

/** Does whatever gives a counter its first value: requests, a refresh and its repeat, a spent budget, a message. */
export async function provokeCounters(signet: TestSignet): Promise<void> {
  await codeFlow(signet, webClient);
  const { tokens } = await codeFlow(signet, spaClient);
  for (let times = 1; times <= 2; times += 1) await refresh(signet, spaClient, tokens.refresh_token);
  const { deps } = signet.server;
  const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, deps.clock());
  await setPassword(deps, context, 'bob', 'a rather long pass phrase, again');
  await eventually(async () => {
    const [row] = await query<{ attempts: number }>(signet.database.url, 'SELECT attempts FROM outbox');
    return row!.attempts > 0;
  });
  const guess = () => tokenRequest(signet, { ...webClient, client_secret: 'x' }, { grant_type: 'refresh_token' });
  while ((await guess()).status !== 429);
}

/** One scrape. @throws Error at the first line that is not in Prometheus' text format, version 0.0.4. */
export async function scrape(url: string): Promise<Scraped> {
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`no metrics but ${response.status}: ${text}`);
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary)$/.exec(line);
    if (type) types.set(type[1]!, type[2]!);
    else if (line !== '' && !/^# HELP [a-zA-Z_:][\w:]* .+$/.test(line)) samples.push(sampleOf(line));
  }
  return {
    text,
    samples,
    types,
    value: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
}

function sampleOf(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.e+-]+|[+-]Inf|NaN)$/i.exec(line);
  if (!match) throw new Error(`not a sample: ${line}`);
  const labels = [...(match[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
  if (labels.map(([whole]) => whole).join('') !== (match[2] ?? '')) throw new Error(`not labels: ${line}`);
  return {
    name: match[1]!,
    labels: Object.fromEntries(labels.map(([, name, value]) => [name!, value!])),
    value: Number(match[3]!.replace('Inf', 'Infinity')),
  };
}
