// The Helm chart: what it gives Kubernetes, and that the server takes what it is given there.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { settings } from '../../src/config/settings.ts';
import { readConfig } from '../../src/config/read.ts';
import { fencesOf } from '../docs/markdown.ts';
import {
  chartFile,
  helmResources,
  renderChart,
  type Resource,
  resourcesOf,
  type Values,
  valuesWith,
} from '../support/chart.ts';
import { endingSeconds } from '../support/ending.ts';
import { root } from '../support/signet-process.ts';

const release = { name: 'id', namespace: 'auth' };
const least: Values = {
  publicUrl: 'https://id.example.com',
  trustProxy: ['10.0.0.0/8', 'fd00::/8'],
  image: { repository: 'registry.example.com/signet' },
  secret: { name: 'signet' },
};
const sendsMail: Values = {
  secret: { name: 'signet', smtpUrlKey: 'mail-server', smsUrlKey: 'sms' },
  mail: { from: 'id@example.com' },
};
const everything: Values = {
  ...least,
  ...sendsMail,
  imagePullSecrets: [{ name: 'pull' }],
  admin: { email: 'admin@example.com' },
  provision: { secretName: 'clients' },
  settings: { LOG_LEVEL: 'warn', DATABASE_POOL_SIZE: 20, PREPARED_STATEMENTS: false },
  drainSeconds: 25,
  metrics: { port: 9999, serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  service: { annotations: { a: 'b' } },
  ingress: { enabled: true, className: 'nginx', host: 'id.example.com', tlsSecretName: 'tls', annotations: { c: 'd' } },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'x', operator: 'Exists' }],
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  podAnnotations: { e: 'f' },
};

type Container = {
  image: string;
  args?: string[];
  env: { name: string; value: string }[];
  ports: { name: string; containerPort: number }[];
  volumeMounts: { name: string; mountPath: string; readOnly: boolean }[];
  securityContext: unknown;
} & Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', { httpGet: { path: string; port: string } }>;
type Pod = {
  containers: [Container];
  volumes: { name: string; secret: { secretName: string; items: { key: string; path: string }[] } }[];
  terminationGracePeriodSeconds: number;
  securityContext: unknown;
  restartPolicy?: string;
} & Record<string, unknown>;

let small: Resource[];
let full: Resource[];
beforeAll(async () => {
  small = await resourcesOf(release, least);
  full = await resourcesOf(release, everything);
});

const find = (resources: readonly Resource[], kind: string, name: string) =>
  resources.find((resource) => resource.kind === kind && resource.metadata.name === name);
const podOf = (resource: Resource | undefined) => (resource!.spec as { template: { spec: Pod } }).template.spec;
const kinds = (resources: readonly Resource[]) =>
  resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort((a, b) => a.localeCompare(b));

describe('what is made', () => {
  test('with the least that must be said', () => {
    expect(kinds(small)).toEqual([
      'Deployment id-signet',
      'Job id-signet-migrate',
      'PodDisruptionBudget id-signet',
      'Service id-signet',
      'Service id-signet-metrics',
    ]);
  });

  test('with everything', () => {
    expect(kinds(full)).toEqual(
      [...kinds(small), 'Ingress id-signet', 'ServiceMonitor id-signet'].sort((a, b) => a.localeCompare(b)),
    );
  });

  test('without metrics there is neither listener nor service for them', async () => {
    const without = await resourcesOf(release, { ...everything, metrics: { enabled: false } });
    expect(kinds(without).filter((name) => /metrics|Monitor/.test(name))).toEqual([]);
    const [{ env, ports }] = podOf(find(without, 'Deployment', 'id-signet')).containers;
    expect([env.map(({ name }) => name), ports]).toEqual([
      expect.not.arrayContaining(['METRICS_PORT']),
      [{ name: 'http', containerPort: 3000 }],
    ]);
  });

  test('a release called signet is not called so twice', async () => {
    expect(kinds(await resourcesOf({ ...release, name: 'signet' }, least))).toContain('Deployment signet');
  });

  test.each([
    ['publicUrl', { publicUrl: '' }],
    ['image.repository', { image: { repository: '' } }],
    ['secret.name', { secret: { name: '' } }],
    ['ingress.host', { ingress: { enabled: true } }],
    ['mail.from', { secret: sendsMail['secret'] }],
    ['secret.smtpUrlKey', { mail: sendsMail['mail'] }],
  ])('without %s it says so', async (name, missing) => {
    await expect(resourcesOf(release, { ...least, ...missing })).rejects.toThrow(`${name} is required`);
  });
});

describe('the pods', () => {
  const pods = () => [
    podOf(find(full, 'Deployment', 'id-signet')),
    podOf(find(full, 'Job', 'id-signet-migrate')),
    podOf(find(small, 'Deployment', 'id-signet')),
  ];

  test('are not root, write nowhere, and may nothing', () => {
    for (const pod of pods()) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(pod['automountServiceAccountToken']).toBe(false);
      for (const { readOnly } of pod.containers[0].volumeMounts) expect(readOnly).toBe(true);
    }
  });

  test('have settings that exist, and secrets only as files that are mounted', () => {
    for (const pod of pods()) {
      const [{ env, volumeMounts }] = pod.containers;
      expect(new Set(env.map(({ name }) => name)).size).toBe(env.length);
      for (const { name, value } of env) {
        expect(typeof value).toBe('string');
        const setting = name.replace(/_FILE$/, '') as keyof typeof settings;
        expect(Object.keys(settings)).toContain(setting);
        if ('secret' in settings[setting]) expect(name).toMatch(/_FILE$/);
        if (!value.startsWith('/')) continue;
        const mount = volumeMounts.find(({ mountPath }) => value.startsWith(`${mountPath}/`))!;
        const volume = pod.volumes.find((candidate) => candidate.name === mount.name)!;
        expect(volume.secret.items.map(({ path }) => `${mount.mountPath}/${path}`)).toContain(value);
      }
    }
  });

  test('start: the server takes every setting that it is given', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signet-chart-'));
    const contents: Record<string, string> = {
      'database-url': 'postgres://signet:password@db/signet?sslmode=disable',
      'secret-key': Buffer.alloc(32, 1).toString('base64'),
      'admin-password': 'a password of some length',
      'smtp-url': 'smtps://signet:password@mail.example.com',
      'sms-url': 'https://signet:a-key-of-24-characters-or-more@sms.example.com/send',
      'provision.yaml': '{}',
    };
    for (const [name, content] of Object.entries(contents)) await writeFile(join(directory, name), content);
    try {
      for (const pod of pods()) {
        const env = Object.fromEntries(
          pod.containers[0].env.map(({ name, value }) => [name, value.replace(/^\/run\/secrets\/\w+/, directory)]),
        );
        const { config, warnings } = readConfig(env);
        expect(warnings).toEqual([]);
        expect(config).toMatchObject({ publicUrl: 'https://id.example.com', databaseUrl: contents['database-url'] });
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('the migrations get no secret but those of the database: neither the mail server nor the administrator', () => {
    const keysOf = (pod: Pod) => pod.volumes.find(({ name }) => name === 'secrets')!.secret.items.map(({ key }) => key);
    const ofDatabase = ['database-url', 'secret-key'];
    expect(keysOf(podOf(find(full, 'Job', 'id-signet-migrate')))).toEqual(ofDatabase);
    expect(keysOf(podOf(find(small, 'Deployment', 'id-signet')))).toEqual(ofDatabase);
    const server = podOf(find(full, 'Deployment', 'id-signet'));
    expect(keysOf(server)).toEqual([...ofDatabase, 'admin-password', 'mail-server', 'sms']);
    expect(server.containers[0].env).toContainEqual({ name: 'SMTP_URL_FILE', value: '/run/secrets/signet/smtp-url' });
    expect(server.containers[0].env).toContainEqual({ name: 'SMS_URL_FILE', value: '/run/secrets/signet/sms-url' });
  });

  test('are asked at the addresses that answer, on the port that is theirs', () => {
    const [server] = podOf(find(full, 'Deployment', 'id-signet')).containers;
    const port = server.env.find(({ name }) => name === 'PORT')!.value;
    expect(server.ports).toEqual([
      { name: 'http', containerPort: Number(port) },
      { name: 'metrics', containerPort: 9999 },
    ]);
    expect(server.startupProbe.httpGet).toEqual({ path: '/live', port: 'http' });
    expect(server.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' });
    expect(server.livenessProbe.httpGet).toEqual({ path: '/live', port: 'http' });
  });

  test.each([0, 10, 25, 60])('have the time to end that %i seconds of draining need', async (drainSeconds) => {
    const pod = podOf(find(await resourcesOf(release, { ...least, drainSeconds }), 'Deployment', 'id-signet'));
    expect(pod.containers[0].env).toContainEqual({ name: 'DRAIN_SECONDS', value: String(drainSeconds) });
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds + (await endingSeconds()));
  });
});

describe('the deployment', () => {
  test('has several pods, apart from each other, and never fewer while it is updated', () => {
    const { spec } = find(small, 'Deployment', 'id-signet')! as { spec: Record<string, unknown> };
    expect(spec).toMatchObject({ replicas: 2, strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } });
    const spread = podOf(find(small, 'Deployment', 'id-signet'))['topologySpreadConstraints'] as {
      topologyKey: string;
    }[];
    expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
  });

  test('services, budget and spread mean its pods, and not those of the migration', () => {
    const selectors = [
      ...full.filter(({ kind }) => kind === 'Service').map(({ spec }) => (spec as { selector: object }).selector),
      ...['PodDisruptionBudget', 'Deployment'].map(
        (kind) => (find(full, kind, 'id-signet')!.spec as { selector: { matchLabels: object } }).selector.matchLabels,
      ),
    ];
    const labels = (name: string, kind: string) =>
      (find(full, kind, name)!.spec as { template: { metadata: { labels: Record<string, string> } } }).template.metadata
        .labels;
    expect(selectors).toHaveLength(4);
    for (const selector of selectors) {
      expect(labels('id-signet', 'Deployment')).toMatchObject(selector);
      expect(labels('id-signet-migrate', 'Job')).not.toMatchObject(selector);
    }
  });

  test('the public service and the ingress have no way to the metrics', () => {
    const { ports } = find(full, 'Service', 'id-signet')!.spec as { ports: unknown[] };
    expect(ports).toEqual([{ name: 'http', port: 80, targetPort: 'http' }]);
    const { rules } = find(full, 'Ingress', 'id-signet')!.spec as { rules: { http: { paths: unknown[] } }[] };
    const backend = { service: { name: 'id-signet', port: { name: 'http' } } };
    expect(rules.map(({ http }) => http.paths)).toEqual([[{ path: '/', pathType: 'Prefix', backend }]]);
    expect((find(full, 'Service', 'id-signet-metrics')!.spec as { type: string }).type).toBe('ClusterIP');
  });

  test('the monitor finds the metrics service', () => {
    const { selector, endpoints } = find(full, 'ServiceMonitor', 'id-signet')!.spec as {
      selector: { matchLabels: object };
      endpoints: { port: string; path: string }[];
    };
    expect(find(full, 'Service', 'id-signet-metrics')!.metadata.labels).toMatchObject(selector.matchLabels);
    expect(find(full, 'Service', 'id-signet')!.metadata.labels).not.toMatchObject(selector.matchLabels);
    expect(endpoints).toMatchObject([{ port: 'metrics', path: '/metrics' }]);
  });

  test('migrations come before the first pod of a version, once', () => {
    const job = find(full, 'Job', 'id-signet-migrate')!;
    expect(job.metadata.annotations).toEqual({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    });
    expect(podOf(job)).toMatchObject({ restartPolicy: 'Never', containers: [{ args: ['migrate'] }] });
    expect(podOf(job).containers[0].image).toBe(podOf(find(full, 'Deployment', 'id-signet')).containers[0].image);
  });
});

describe('the values', () => {
  test('fit their schema, as they are and as they are given', async () => {
    const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
      JSON.parse(await chartFile('values.schema.json')) as object,
    );
    for (const given of [{}, least, everything])
      expect([validate(await valuesWith(given)), validate.errors]).toEqual([true, null]);
  });

  test.each<[string, Values]>([
    ['a misspelt name', { replica: 3 }],
    ['a misspelt name inside', { metrics: { enable: true } }],
    ['a setting that has a value of its own', { settings: { PUBLIC_URL: 'https://x.example' } }],
    ['a setting in small letters', { settings: { log_level: 'warn' } }],
    ['a path in publicUrl', { publicUrl: 'https://id.example.com/x' }],
    ['a word for a number', { drainSeconds: 'ten' }],
    ['metrics on the public port', { metrics: { port: 3000 } }],
  ])('%s is refused', async (_what, given) => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(
      JSON.parse(await chartFile('values.schema.json')) as object,
    );
    expect(validate(await valuesWith({ ...least, ...given }))).toBe(false);
  });

  const secrets = Object.entries(settings).flatMap(([name, setting]) => ('secret' in setting ? [name] : []));
  test.each([...secrets, ...secrets.map((name) => `${name}_FILE`), 'SIGNET_SMTP_URL', 'SIGNET_LOG_LEVEL'])(
    '%s among the settings is refused: whoever may read the deployment would read it',
    async (name) => {
      const validate = new Ajv({ allowUnionTypes: true }).compile(
        JSON.parse(await chartFile('values.schema.json')) as object,
      );
      expect(validate(await valuesWith({ ...least, settings: { [name]: 'x' } }))).toBe(false);
    },
  );

  test('the Secret that docs/deploying.md makes has the keys that are mounted, and none passes over a command line', async () => {
    const document = await readFile(join(root, 'docs/deploying.md'), 'utf8');
    const { text } = fencesOf(document).find((fence) => fence.text.includes('kubectl create secret'))!;
    const { secret } = (await valuesWith({})) as { secret: Record<string, string> };
    expect(new Set([...text.matchAll(/--from-file=(\S+)/g)].map(([, key]) => key))).toEqual(
      new Set([secret['databaseUrlKey'], secret['secretKeyKey']]),
    );
    expect(text).toMatch(/^umask 077$/m);
    expect(document).not.toContain('--from-literal');
  });

  test('each value is used, and each that is used is there', async () => {
    const files = await Promise.all(
      [
        '_names.tpl',
        'deployment.yaml',
        'migrate.yaml',
        'service.yaml',
        'metrics.yaml',
        'ingress.yaml',
        'pod-disruption-budget.yaml',
      ].map((name) => chartFile(`templates/${name}`)),
    );
    const used = new Set([...files.join('').matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path!));
    const paths = (values: Values, above = ''): string[] =>
      Object.entries(values).flatMap(([name, value]) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.keys(value).length > 0 &&
        name !== 'resources'
          ? paths(value as Values, `${above}${name}.`)
          : [`${above}${name}`],
      );
    expect([...used].sort((a, b) => a.localeCompare(b))).toEqual(
      paths(await valuesWith({})).sort((a, b) => a.localeCompare(b)),
    );
  });
});

test('the notes name the issuer, and where the first administrator comes from', async () => {
  expect((await renderChart(release, everything))['NOTES.txt']).toContain('administrator is admin@example.com');
  const notes = (await renderChart(release, least))['NOTES.txt']!;
  expect(notes).toContain('https://id.example.com/.well-known/openid-configuration');
  expect(notes).toContain('--selector app.kubernetes.io/instance=id,app.kubernetes.io/name=signet');
});

test('Helm itself, where it is installed, renders the same', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-helm-'));
  const byKind = (resources: readonly Resource[]) =>
    [...resources].sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
  try {
    for (const given of [least, everything]) {
      const file = join(directory, 'values.yaml');
      await writeFile(file, stringify(given));
      const rendered = await helmResources(release, file);
      if (rendered === undefined)
        console.warn('NOT CHECKED: Helm is not installed; only our own reader rendered the chart.');
      else expect(byKind(rendered)).toEqual(byKind(await resourcesOf(release, given)));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
