// How far long work has come: a bar on standard error, for people only.
import { SingleBar } from 'cli-progress';

export type Progress = {
  begin(total: number): void;
  at(done: number): void;
  /** Takes the bar away. */
  end(): void;
};

/** `what` is counted. Shows nothing where no person watches, nor beside `--json`. */
export function progress(what: string, { json }: { readonly json: boolean }): Progress {
  if (json || !process.stderr.isTTY) return { begin() {}, at() {}, end() {} };
  const bar = new SingleBar({
    format: `{bar} {percentage}% | {value} of {total} ${what} | {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: '#',
    barIncompleteChar: '.',
  });
  return {
    begin: (total) => bar.start(total, 0),
    at: (done) => bar.update(done),
    end: () => bar.stop(),
  };
}
