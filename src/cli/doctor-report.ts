// Findings as people read them: what is wrong first, in lines that fit a terminal.
import type { Finding, Severity } from '../domain/finding.ts';
import { counted, visible } from './frame/output.ts';

const width = 80;
const [severityWidth, checkWidth] = [9, 16];
const indent = severityWidth + checkWidth;

/** Problems, then warnings, then what is well, each in the order in which it was looked at; then how many of each. */
export function told(findings: readonly Finding[]): string {
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity);
  const [problems, warnings, well] = [of('problem'), of('warning'), of('ok')];
  const groups = [problems, warnings, well].filter((group) => group.length > 0);
  const summary = `${counted(problems.length, 'problem')}, ${counted(warnings.length, 'warning')}, ${well.length} ok.`;
  return [...groups.map((group) => group.map(paragraph).join('\n')), summary].join('\n\n');
}

function paragraph({ check, severity, seen, todo }: Finding): string {
  const [first, ...rest] = [...wrapped(seen), ...(todo === undefined ? [] : wrapped(todo))];
  const head = `${severity.padEnd(severityWidth)}${check.padEnd(checkWidth)}${first}`;
  return [head, ...rest.map((line) => `${' '.repeat(indent)}${line}`)].join('\n');
}

/** Broken between words only. What stands in quotes is one word, because it is for copying. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const [word] of visible(text).matchAll(/(?:"[^"]*"|\S)+/g)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (indent + line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
