// Why DATA_DIR cannot be used, in words.

/** What the operating system refused. */
export type Refused = {
  /** Its short reason, such as EACCES. */
  readonly code: string;
  /** What it was refused for: DATA_DIR itself, or the directory in which it should have been made. */
  readonly at: string;
  /** Whom it was refused to; undefined on systems without such numbers. */
  readonly uid: number | undefined;
};

const another = 'set DATA_DIR to a directory that can be written to; it is made when it is not there.';

/** What was seen and what to do about it, a sentence or two each. `path`: DATA_DIR, absolute. */
export function dataDirTrouble(path: string, { code, at, uid }: Refused): { seen: string; todo: string } {
  const directory = `DATA_DIR (${path})`;
  const user = uid === undefined ? 'this user' : `this user (uid ${uid})`;
  if ((code === 'EACCES' || code === 'EPERM') && uid !== 0)
    return at === path
      ? {
          seen: `${directory} may not be written to by ${user}.`,
          todo: `Give it to that user ("chown -R ${uid ?? 'USER'} ${path}"), start Signet as its owner, or ${another}`,
        }
      : {
          seen: `${directory} is not there, and may not be made in ${at} by ${user}.`,
          todo: `Make it as root and give it to that user ("chown ${uid ?? 'USER'} ${path}"), or ${another}`,
        };
  const todo = `${another.charAt(0).toUpperCase()}${another.slice(1)}`;
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return { seen: `${directory} cannot be used, because ${at} is no directory.`, todo };
  if (code === 'EROFS') return { seen: `${directory} lies on a file system that takes no writes.`, todo };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return { seen: `There is no room for ${directory} on its disk.`, todo: `Make some, or ${another}` };
  return {
    seen: at === path ? `${directory} cannot be used (${code}).` : `${directory} cannot be made in ${at} (${code}).`,
    todo,
  };
}
