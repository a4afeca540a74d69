// How a trial says what it saw: line by line, and at its end by the status of the process.

export function check(what: string, holds: boolean): void {
  say(`${holds ? 'yes' : 'NO '}  ${what}`);
  if (!holds) process.exitCode = 1;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
