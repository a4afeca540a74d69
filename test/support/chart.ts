// The Helm chart, rendered: by our own reader of its templates, and by Helm where it is installed.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { parseTemplates } from './go-template.ts';
import { root } from './signet-process.ts';

export const chartDirectory = join(root, 'deploy/helm/signet');

export type Resource = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Record<string, string>;
    readonly labels: Record<string, string>;
  };
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly spec: any;
};

export type Values = Record<string, unknown>;

export async function chartFile(name: string): Promise<string> {
  return readFile(join(chartDirectory, name), 'utf8');
}

/** values.yaml with these on top, as Helm merges them: maps deep, everything else replaced. */
export async function valuesWith(given: Values): Promise<Values> {
  return merge(parse(await chartFile('values.yaml')) as Values, given);
}

function merge(base: Values, over: Values): Values {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isMap(below) && isMap(value) ? merge(below, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type Release = { readonly name: string; readonly namespace: string };

/** Every file of the chart's templates, rendered. */
export async function renderChart(release: Release, given: Values): Promise<Record<string, string>> {
  const chart = parse(await chartFile('Chart.yaml')) as Record<string, string>;
  const names = await readdir(join(chartDirectory, 'templates'));
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await chartFile(join('templates', name))] as const)),
  );
  const context = {
    Values: await valuesWith(given),
    Release: { Name: release.name, Namespace: release.namespace, Service: 'Helm' },
    Chart: Object.fromEntries(
      Object.entries(chart).map(([name, value]) => [name.replace(/^./, (c) => c.toUpperCase()), value]),
    ),
  };
  const templates = parseTemplates(files);
  return Object.fromEntries(
    names.filter((name) => !name.startsWith('_')).map((name) => [name, templates.render(name, context)]),
  );
}

/** What Kubernetes would be given. */
export async function resourcesOf(release: Release, given: Values): Promise<Resource[]> {
  const files = await renderChart(release, given);
  return Object.entries(files).flatMap(([name, text]) => (name.endsWith('.yaml') ? documentsIn(text) : []));
}

function documentsIn(text: string): Resource[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    const resource = document.toJS() as Resource | null;
    return resource === null ? [] : [resource];
  });
}

/** The same by Helm itself; undefined where it is not installed. */
export async function helmResources(release: Release, valuesFile: string): Promise<Resource[] | undefined> {
  const args = ['template', release.name, chartDirectory, '--namespace', release.namespace, '--values', valuesFile];
  try {
    const { stdout } = await promisify(execFile)('helm', [...args, '--kube-version', '1.33.0']);
    return documentsIn(stdout);
  } catch (error) {
    // EACCES: a directory of PATH belongs to somebody else.
    if (['ENOENT', 'EACCES'].includes(String((error as { code?: unknown }).code))) return undefined;
    throw error;
  }
}
