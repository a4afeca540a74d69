// Reading Markdown: fenced blocks with the notes above them, tables, headings, code spans.

/** A fenced block. `notes` are the HTML comments that stand right above it, without their marks. */
export type Fence = {
  readonly language: string;
  readonly text: string;
  readonly notes: readonly string[];
  /** The line of its opening fence, from 1. */
  readonly line: number;
};

/** The fenced blocks of a Markdown text, in their order; also those that are indented, as in lists. */
export function fencesOf(markdown: string): Fence[] {
  const block = /^((?:[ ]*<!--(?:(?!-->)[^])*-->\s*\n)*)([ ]*)```([^\n`]*)\n([^]*?)^\2```[ ]*$/gm;
  return [...markdown.matchAll(block)].map((match) => {
    const [whole, notes = '', indent = '', info = '', text = ''] = match;
    const before = markdown.slice(0, match.index + whole.indexOf('```'));
    return {
      language: info.trim().split(/\s+/)[0] ?? '',
      text: indent === '' ? text : text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      notes: [...notes.matchAll(/<!--\s*([^]*?)\s*-->/g)].map(([, note]) => note!),
      line: before.split('\n').length,
    };
  });
}

/** What a note says after its name; undefined when there is no note of this name. */
export function noteOf({ notes }: Fence, name: string): string | undefined {
  const note = notes.find((text) => text === name || text.startsWith(`${name}:`));
  return note?.slice(name.length + 1).trim();
}

/** The name of the file that a block is, which its first line says in a comment. */
export function fileNameOf({ text }: Pick<Fence, 'text'>): string | undefined {
  return /^(?:# |\/\/ |<!-- )([\w-][\w./-]*\.\w+)(?: -->)?\n/.exec(text)?.[1];
}

/** What GitHub makes of a heading for links to it. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Code spans outside of fenced blocks. */
export function spansOf(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

export function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^([ ]*)```[^]*?^\1```[ ]*$/gm, '');
}

/** The section under a heading, with its subsections. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`There is no heading "${heading}".`);
  const level = /^#+/.exec(lines[start]!)![0].length;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && /^#+/.exec(line)![0].length <= level);
  return rest.slice(0, end < 0 ? rest.length : end).join('\n');
}

/** The rows of the first table of a Markdown text, cell by cell; the first row is the head. */
export function tableOf(markdown: string): string[][] {
  const rows = /(?:^\|.*\|$\n?)+/m.exec(markdown)?.[0].trim().split('\n') ?? [];
  const cells = rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  return cells.filter((_row, index) => index !== 1);
}
