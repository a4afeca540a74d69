// Writes the settings table out for people: .env.example and docs/configuration.md.
import { type Setting, settings } from '../src/config/settings.ts';

const GENERATED = 'Generated from src/config/settings.ts by `npm run generate`; change the table there.';

/** The content of `.env.example`: every setting, commented out, with what it means and an example. */
export function renderEnvExample(): string {
  const head = [
    GENERATED.replaceAll('`', ''),
    '',
    'Every setting is optional to try Signet on your machine. Copy this file to .env and remove the # before what you',
    'set: Signet reads it when it starts. docs/configuration.md says more.',
  ];
  const groups = grouped().map(([group, entries]) =>
    [comment([`--- ${group} ---`]), ...entries.map(([name, setting]) => envEntry(name, setting))].join('\n\n'),
  );
  return `${[comment(head), ...groups].join('\n\n')}\n`;
}

function envEntry(name: string, setting: Setting): string {
  const lines = [
    ...wrap(meaningOf(setting), 98),
    ...wrap(`Must be ${setting.kind.expects}.`, 98),
    ...(hasDefault(setting) ? [`Default: ${defaultOf(setting)}.`] : []),
  ].map((line) => line.replaceAll('`', ''));
  return `${comment(lines)}\n#${name}=${setting.example ?? ''}`;
}

function comment(lines: string[]): string {
  return lines.map((line) => `# ${line}`.trimEnd()).join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const PROSE = `# Configuration

Signet reads its settings from environment variables when it starts. None is needed to try it on your own machine. In
production, set at least \`PUBLIC_URL\`, \`DATABASE_URL\`, \`SECRET_KEY\`, and either \`TRUST_PROXY\` or \`TLS_CERT\` with \`TLS_KEY\`.

## How a setting is given

- **As a variable**: \`PORT=8080\`.
- **As a file**: \`NAME_FILE\` is the path of a file whose content is the value, for every setting below. It suits secrets,
  which container platforms mount as files: \`SECRET_KEY_FILE=/run/secrets/signet-key\`.
  (\`PROVISION\`, \`TLS_CERT\` and \`TLS_KEY\` take a path by themselves.)
- **With a prefix**: every name may start with \`SIGNET_\`, so that it cannot be mistaken for another program's:
  \`SIGNET_PORT\`, \`SIGNET_SECRET_KEY_FILE\`.

White space around a value is ignored. An empty variable counts as not set.

## What happens when something is wrong

**Problems** stop the start. All of them are listed at once, and no message repeats a secret:

- a value that does not fit, or settings that contradict each other;
- a setting given both as a variable and as a file, or with and without the prefix but with different values;
- a file that cannot be read, or is empty;
- a name that starts with \`SIGNET_\` and is not a setting. The variables that Kubernetes makes for a service called
  \`signet\` are passed over.

**Warnings** go to standard error, and Signet starts:

- a variable whose name is one or two letters away from a setting, such as \`DATABSE_URL\`;
- a setting that is empty;
- a file that other users may change, or read although it holds secrets: each \`NAME_FILE\`, and what \`TLS_KEY\`, \`PROVISION\`
  and \`sslkey\` in \`DATABASE_URL\` name. That its group reads it is fine, and so is a file in a folder that keeps others
  out. A file that is mounted by itself, as in Compose, is not judged: its folder cannot be seen from the container.
  \`signet doctor\` says the same.

## Settings
`;

/** The content of `docs/configuration.md`: how settings are given, and a table of them for each group. */
export function renderConfigurationDoc(): string {
  const tables = grouped().map(([group, entries]) => {
    const rows = entries.map(([name, setting]) => [
      `\`${name}\``,
      meaningOf(setting),
      setting.kind.expects,
      defaultOf(setting),
    ]);
    return `### ${group}\n\n${table([['Setting', 'Meaning', 'Value', 'Default'], ...rows])}`;
  });
  return `${[`<!-- ${GENERATED} -->`, PROSE.trimEnd(), ...tables].join('\n\n')}\n`;
}

/** Pads the cells, as the formatter would, so that the generated file is already formatted. */
function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head, ' '), line([], '-'), ...body.map((row) => line(row, ' '))].join('\n');
}

function meaningOf(setting: Setting): string {
  return setting.secret === true ? `${setting.about} Secret.` : setting.about;
}

function hasDefault(setting: Setting): boolean {
  return setting.default !== undefined || setting.defaultRule !== undefined;
}

function defaultOf(setting: Setting): string {
  return setting.defaultRule ?? (setting.default === undefined ? '' : `\`${setting.default}\``);
}

function grouped(): [group: string, entries: [name: string, setting: Setting][]][] {
  const groups = new Map<string, [string, Setting][]>();
  for (const entry of Object.entries<Setting>(settings)) {
    const entries = groups.get(entry[1].group);
    if (entries === undefined) groups.set(entry[1].group, [entry]);
    else entries.push(entry);
  }
  return [...groups];
}
