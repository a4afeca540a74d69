// docs/performance.md, written from results/latest.json.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measured, type Results, rowNames, rowTexts, verifyAlgs } from './results.ts';
import { figure, markdownTable, percent, times } from './tables.ts';

const root = join(import.meta.dirname, '..');
export const resultsFile = join(root, 'bench/results/latest.json');
export const documentFile = join(root, 'docs/performance.md');

export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(resultsFile, 'utf8')) as Results;
}

export const administrationFile = join(root, 'bench/results/administration.json');

/** Milliseconds of one request. */
export type Taken = { readonly count: number; readonly p50: number; readonly p95: number; readonly max: number };

/** What `npm run bench:admin` measured last. */
export type Administration = {
  readonly date: string;
  readonly users: number;
  readonly rows: Readonly<Record<string, Taken>>;
  /** MiB: the highest RSS of the server, all along. */
  readonly memory: number;
  /** Of a client with so many grants: how long it took, and what two requests of others took meanwhile. */
  readonly deletion: { readonly grants: number; readonly seconds: number; readonly others: Taken };
};

export async function readAdministration(): Promise<Administration> {
  return JSON.parse(await readFile(administrationFile, 'utf8')) as Administration;
}

export function renderDocument(results: Results, administration: Administration): string {
  return `${[
    '<!-- Generated from bench/results/latest.json by `npm run bench -- --doc`; change bench/document.ts. -->',
    INTRO,
    '## What was measured',
    environment(results),
    '### Requests per second',
    throughput(results),
    '### Cost and latency',
    COSTS,
    costs(results),
    '### Verifying tokens in an API',
    VERIFY,
    verifications(results),
    '### Administration beside a million users',
    ADMINISTRATION,
    administered(administration),
    '### Start and memory',
    starts(results),
    '## Where the time goes',
    WHERE,
    besidePeer(results),
    WHERE_EACH,
    '## What each row is',
    markdownTable(
      ['Row', 'One unit', 'What the floor composes', 'The peer'],
      rowNames.map((name) => [
        `\`${name}\``,
        rowTexts[name].unit,
        rowTexts[name].floor,
        rowTexts[name].peer ?? 'The same.',
      ]),
      { texts: true },
    ),
    SERVERS,
    '## What a request costs, counted',
    COUNTED,
    counted(results),
    HOW_TO_RUN,
    markdownTable(['Command', 'What it does'], commands, { texts: true }),
    HOW_TO_READ,
  ].join('\n\n')}\n`;
}

const INTRO = `# Performance

How much Signet does, measured beside two servers on the same machine, in the same run and on the same PostgreSQL:

- **The floor**: a small Fastify server that does only the work that cannot be left out: the same statements, the same
  signatures, the same hashes, the same bytes, and nothing of what makes a product of it. What Signet needs above it is
  what its checks, its log, its limits and its pages cost.
- **The peer**: \`oidc-provider\`, an OpenID provider for Node that many build on, with PostgreSQL.`;

function environment({ date, machine, versions, rounds, secondsPerRound }: Results): string {
  const given = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `- **Machine**: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}.`,
    `- **Versions**: ${given.join(', ')}.`,
    `- **Date**: ${date}.`,
    `- **Rounds**: ${rounds} of ${secondsPerRound} s for each server and row, the servers taking turns; the medians are shown.`,
    machine.pinned
      ? '- **Cores**: the measured server has one core to itself; the load and PostgreSQL share the other.'
      : '- **Cores**: processes could not be bound to cores here, so the load and PostgreSQL disturb what is measured.',
    machine.costs
      ? '- **CPU**: of all threads of a process, from `/proc`; of PostgreSQL the sum over all its processes.'
      : '- **CPU**: cannot be read on this system.',
  ];
  return lines.join('\n');
}

function throughput({ rows }: Results): string {
  return markdownTable(
    ['Row', 'Signet', 'Floor', 'of the floor', "CPU, the floor's = 1", 'Peer', 'times the peer'],
    rowNames.map((name) => {
      const { signet, floor, peer } = rows[name];
      return [
        `\`${name}\``,
        figure(signet.perSecond),
        figure(floor.perSecond),
        percent(signet.perSecond, floor.perSecond),
        times(signet.serverCpu, floor.serverCpu),
        figure(peer?.perSecond ?? null),
        times(signet.perSecond, peer?.perSecond ?? null),
      ];
    }),
  );
}

const COSTS = `CPU in microseconds for one unit of the row, in the server and in PostgreSQL; latency in milliseconds, half and 99 of
100 units below it, with all connections busy; the share of its core that the server used; its memory (RSS) afterwards.`;

function costs({ rows }: Results): string {
  const line = (name: string, server: string, measured: Measured) => [
    name,
    server,
    figure(measured.serverCpu),
    figure(measured.postgresCpu),
    figure(measured.p50),
    figure(measured.p99),
    measured.busy === null ? '–' : `${measured.busy} %`,
    measured.memory === null ? '–' : `${measured.memory} MiB`,
  ];
  return markdownTable(
    ['Row', 'Server', 'CPU', 'PostgreSQL', 'p50', 'p99', 'Core', 'Memory'],
    rowNames.flatMap((name) => {
      const { floor, signet, peer } = rows[name];
      const lines = [line(`\`${name}\``, 'floor', floor), line('', '**Signet**', signet)];
      return peer ? [...lines, line('', 'peer', peer)] : lines;
    }),
  );
}

const VERIFY = `What \`signet/verifier\` does in an API, in verifications per second of one process on one core, with 1,000 tokens and 16
requests under way. Each request brings its \`Authorization\` header as a fresh string. _Seen before_ is a token that the
verifier remembers, _new_ is a verifier that remembers none (\`cachedTokens: 0\`), and _jose alone_ is \`jwtVerify\` with the
same checks and a key that is imported already. RSA keys have 3072 bits. Wanted are 500,000 of those seen before, and 95 % of
jose for new ones. Every token names a place in a
status list, which the verifiers look up and ask for again each second; jose alone does not. Before anything is timed, every token is
verified in every way, and a forged one is refused.`;

function verifications({ verify }: Results): string {
  return markdownTable(
    ['Signature', 'Seen before', 'New', 'jose alone', 'new, of jose'],
    verifyAlgs.map((alg) => {
      const { cached, uncached, jose, uncachedOfJose } = verify[alg];
      return [alg, figure(cached), figure(uncached), figure(jose), percent(uncachedOfJose, 1)];
    }),
  );
}

const WHERE = `Twice the peer is the aim. A server that signs with jose and sends these statements cannot be faster than the floor, so
what the floor is beside the peer is the most that can be had, and what is left between Signet and the floor is Signet's
own. In requests per second, and in CPU of the server, which does not depend on who else used the machine:`;

function besidePeer({ rows }: Results): string {
  return markdownTable(
    ['Row', 'Floor, per second', 'Signet, per second', 'Floor, by CPU', 'Signet, by CPU', 'Signet above the floor'],
    rowNames.flatMap((name) => {
      const { floor, signet, peer } = rows[name];
      if (!peer) return [];
      const above =
        signet.serverCpu === null || floor.serverCpu === null ? null : Math.max(0, signet.serverCpu - floor.serverCpu);
      return [
        [
          `\`${name}\``,
          times(floor.perSecond, peer.perSecond),
          times(signet.perSecond, peer.perSecond),
          times(peer.serverCpu, floor.serverCpu),
          times(peer.serverCpu, signet.serverCpu),
          above === null ? '–' : `${figure(above)} us`,
        ],
      ];
    }),
  );
}

const WHERE_EACH = `- **\`code\`, \`refresh\`, \`flow\`**: most of the CPU is one RS256 and one ES256 signature, which the peer makes too. RS256
  is what OpenID Connect says an ID token is signed with unless its client asks for another algorithm, so it stays; a
  client registered with \`id_token_signed_response_alg: ES256\` is spared it. Every signature is made by jose, which costs
  about twice what the same signature costs through \`node:crypto\`; one audited implementation of JOSE is worth that.
- **\`refresh\`** also derives the next token from the one before and a key of the moment, so that a reply lost on the way can
  be given again; the floor and the peer do not.
- **\`userinfo\`**: one statement. The access token is a JWT, verified when it comes first and remembered with the key that
  verified it; the peer's here is a row that it looks up, which costs PostgreSQL more.
- **\`client-credentials\`**: one ES256 signature by jose, and nothing that is read or written; the peer makes the same one.
  What Signet needs above the floor is its checks of the request, its log and its metrics.
- **\`introspect\`**: the same, and the secret of whoever asks. The one
  statement asks whether the grant, the session, the client and the user stand at this moment. The peer verifies
  nothing and asks PostgreSQL three times.
- **\`authorize\`**: PostgreSQL is the limit, because a code, its grant and its audit event are one committed write.
- **\`auth-login\`, \`auth-refresh\`, \`auth-mfa\`**: without the scope \`openid\` there is no ID token, so each signs once, with
  ES256. \`auth-login\` is its one Argon2id, as \`password\` is. In \`auth-mfa\` PostgreSQL is the limit: the code is spent and
  the session, its grant, its refresh token and two audit events are begun in one committed write.
- **\`discovery\`, \`jwks\`**: finding the tenant by host and path, the security headers, and the metrics.`;

const ADMINISTRATION = `The [admin API](admin-api.md) of one process with a million people in its tenant, four requests under way: what is searched is
from one letter, with which a tenth of all begin, to nearly a whole name. Wanted are 50 ms for a search and 20 ms for making and
changing somebody, in 95 of 100 requests, and less than 300 MiB of memory all along. While a client with 100,000 grants is deleted,
somebody else gets a token and reads a person, again and again: both together are a row.`;

function administered({ rows, memory, deletion }: Administration): string {
  const wanted = (name: string) => (name.startsWith('search') ? '50 ms' : name === 'show' ? '–' : '20 ms');
  const line = (name: string, { count, p50, p95, max }: Taken, most: string) => [
    name,
    figure(count),
    `${p50.toFixed(1)} ms`,
    `${p95.toFixed(1)} ms`,
    most,
    `${max.toFixed(0)} ms`,
  ];
  const table = markdownTable(
    ['What', 'Requests', 'Median', '95 of 100 within', 'wanted', 'Longest'],
    [
      ...Object.entries(rows).map(([name, taken]) => line(name, taken, wanted(name))),
      line('others, while a client is deleted', deletion.others, '–'),
    ],
  );
  return `${table}\n\nThe deletion took ${deletion.seconds.toFixed(1)} s. The highest memory (RSS) was ${memory} MiB.`;
}

function starts({ starts: measured }: Results): string {
  return markdownTable(
    ['What', 'Measured', 'Should be'],
    [
      [
        'Memory (RSS) after the start, before the first request',
        measured.idleMemory === null ? '–' : `${measured.idleMemory} MiB`,
        'below 150 MiB',
      ],
      [
        'From the start of the process to the first token, with the embedded PostgreSQL and data in `DATA_DIR`',
        `${figure(measured.cold)} ms`,
        'below 2,000 ms',
      ],
      [
        'From `startSignet()` of `signet/testing` to the first token, the first of a process',
        `${figure(measured.firstInTest)} ms`,
        'below 1,000 ms',
      ],
      ['The same, a later one of the same process', `${figure(measured.nextInTest)} ms`, 'below 1,000 ms'],
    ],
  );
}

const SERVERS = `The client is confidential and first-party: its secret is checked, its refresh tokens rotate, and consent is not asked. In
the rows \`auth-…\` it is the built-in public one, which nobody has to name. Access tokens are JWTs signed with ES256, ID
tokens are signed with RS256. There are as many users and signed-in browsers as connections, and ten thousand more rows
of everything that requests look up, so that PostgreSQL plans as it does in a database that has been used. Before a row is timed, the answers of each server are checked: that
signatures verify with the published keys, that a wrong secret, a wrong code verifier, a spent code, an unknown refresh
token, a forged access token, a wrong password, a wrong code of a second factor and a partial token that was forged or
used are refused. While it is timed, one wrong answer ends the run. What is timed while other processes use more than a tenth of
a core is timed again; so is a row in which Signet seems faster than the floor, which does a part of the same. Where that
does not help, nothing is written down.

In \`client-credentials\` and \`introspect\` the client is another, confidential as well: the API that one registered resource
is (\`serves\`).

**Signet** runs with its default settings, as \`npm start\` starts it, and logs each request to a file. PostgreSQL is the
embedded one with its defaults: what it acknowledges is on the disk (\`fsync\`, \`synchronous_commit\`).

**The floor** (\`bench/floor/\`) replays the statements that Signet sends: they are recorded at the beginning of each run,
so that a statement which Signet no longer sends leaves the floor as well. It checks nothing but the client's secret,
the code verifier, the signatures of access and partial tokens, the password and the recovery code; it writes no log and
seals no replies. An access token it verifies once, and keeps what it says for as long as it runs.

**The peer** (\`bench/peer/\`) is configured as its documents say for production: PKCE required, refresh tokens rotated,
signed cookies, JWT access tokens by resource indicators, and an adapter with one table, prepared statements and an
index for each way to look something up. Clients are in its configuration, so it asks the database for none.`;

const COUNTED = `Once everything is in memory that is kept there (tenant, client, resources, keys). This does not depend on the machine.`;

function counted(results: Results): string {
  return markdownTable(
    ['Row', 'Round trips to PostgreSQL', 'ES256 signatures', 'RS256 signatures', 'Verifications', 'Argon2id'],
    rowNames.map((name) => {
      const { roundTrips, es256, rs256, verifications, argon2id } = results.counted[name];
      return [`\`${name}\``, ...[roundTrips, es256, rs256, verifications, argon2id].map(String)];
    }),
  );
}

const HOW_TO_RUN = `## How to run it

<!-- not run: npm ci -->

\`\`\`sh
npm ci --prefix bench
npm run bench
\`\`\`

The first command installs the peer, once; nothing else needs it. A whole run takes less than ten minutes, should have
the machine to itself, and writes \`bench/results/latest.json\` and this page. Everything stays on this machine's loopback
interface, and the databases are gone afterwards.`;

const commands = [
  ['`npm run bench refresh userinfo`', 'Measures these rows and writes nothing'],
  ['`npm run bench verify`', 'Measures what `signet/verifier` does in an API, and writes nothing'],
  ['`npm run bench -- --profile refresh`', 'Shows where Signet spends the CPU of a row, by file and by function'],
  ['`npm run bench:admin`', 'Measures the admin API beside a million users, in some minutes, and writes it down'],
  ['`npm run bench -- --doc`', 'Writes this page again from the JSON'],
  ['`npm run bench -- --rounds 9 refresh`', 'More rounds (5 unless given), for a machine that is not quiet'],
];

const HOW_TO_READ = `## How to read it

- Compare within a row of one run. Absolute figures move with the machine, and with what else it does; ratios stay.
- A server is measured at its limit where its core was used almost whole. Where it was not, the load or PostgreSQL was
  the limit, because they share one core; there the CPU per unit says more than the requests per second.
- Latency is that of a server with every connection busy, so it is mostly waiting in line: the number of connections,
  divided by the requests per second. A server that has time answers in a fraction of it.
- \`password\` and \`auth-login\` are slow on purpose. How much one hash costs is a setting (\`PASSWORD_HASH_MEMORY_KIB\`,
  \`PASSWORD_HASH_ITERATIONS\`); with its core to itself, the server computes one at a time.
- The statements of Signet and of the floor are the same, so the CPU of PostgreSQL should be too. What differs there is
  noise, and tells how much of it there is.`;
