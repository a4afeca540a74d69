// Which document is held to its word by what. Every document is either followed block by block, or says for each of its
// commands and programs what runs them, or why nothing does.

/** Followed from their first block to their last (`follow` in follow.ts). */
export const followed = [
  'README.md',
  'docs/clients.md',
  'docs/getting-started.md',
  'docs/operating.md',
  'docs/provisioning.md',
  'docs/tour.md',
  'docs/troubleshooting.md',
  'docs/use-cases.md',
  'docs/uses/api.md',
  'docs/uses/machine.md',
  'docs/uses/microservices.md',
  'docs/uses/native-app.md',
  'docs/uses/single-page-app.md',
  'docs/uses/web-app.md',
  'examples/harbor/README.md',
  'examples/ledger/README.md',
  'examples/orchard/README.md',
] as const;

/** Whose every block is run by a test of its own, which names the document. */
export const heldBy: Readonly<Record<string, string>> = {
  'docs/admin-api.md': 'test/docs/admin-api.test.ts',
  'docs/command-line.md': 'test/cli/document.test.ts',
};

/** Not held yet. Nothing may be added: a document leaves this list when it complies, and the list when it is empty. */
export const notYet: readonly string[] = [];

/** What no test can run, and why. `<!-- not run: NAME -->` above a block names one, and the block must use it. */
export const cannotRun: Readonly<Record<string, string>> = {
  'npm ci': 'it installs from the network',
  'npm install': 'it installs from the network',
  'npm test': 'it is what runs this test',
  'git clone': 'it needs the network',
  'git pull': 'it needs the network',
  apt: 'it changes the machine',
  docker: 'it needs a container engine',
  helm: 'it needs a cluster',
  kubectl: 'it needs a cluster',
  systemctl: 'it needs systemd and changes the machine',
  pg_dump: 'the embedded PostgreSQL comes without it',
};

/** Languages of blocks that do something; all others (text, json, yaml, ini, mermaid) only show. */
export const acting: readonly string[] = ['sh', 'bash', 'shell', 'console', 'http', 'js', 'mjs', 'ts', 'html', 'sql'];

/** Programs of documents that a test imports, rather than a command of the document starting them. */
export const importedByTests: readonly string[] = ['sign-in.js', 'check-token.js'];
