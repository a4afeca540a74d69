// How a claim of a token reads: what its name means, and its value for people. Runs on a server and in a browser.

/** What a developer may not know by heart; the others explain themselves. */
const notes = {
  iss: 'who issued it',
  sub: 'who it is; never changes',
  aud: 'whom it is for',
  exp: 'when it ends',
  nbf: 'when it begins',
  iat: 'when it was issued',
  auth_time: 'when you proved who you are',
  acr: 'how strong the proof was',
  amr: 'by what it was proven',
  nonce: 'ties it to this one sign-in',
  at_hash: 'ties it to its access token',
  sid: 'your session at Signet',
  jti: 'its own id',
  azp: 'who got it',
  client_id: 'who got it',
  scope: 'what it allows',
  grant_id: 'what it was issued under',
  status: 'its place on the revocation list',
  act: 'who acts for you',
  mfa_verified: 'was a second factor proven?',
  mfa_verified_at: 'when the second factor was proven',
  mfa_method: 'which second factor',
  preferred_username: 'what you sign in with',
  email_verified: 'was the address proven?',
  updated_at: 'when this last changed',
};

const times = new Set(['exp', 'nbf', 'iat', 'auth_time', 'mfa_verified_at', 'updated_at']);
const lastSecond = 8.64e12;

export function claimOf(name, value) {
  const note = Object.hasOwn(notes, name) ? notes[name] : '';
  const isTime = times.has(name) && typeof value === 'number' && Math.abs(value) <= lastSecond;
  if (!isTime) return { note, text: textOf(value) };
  const date = new Date(value * 1000);
  return { note, text: timeText(date, 'UTC'), time: date.toISOString(), number: value };
}

export function timeText(date, timeZone) {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(date);
}

export function initialsOf(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '').join('');
}

function textOf(value) {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(textOf).join(', ') || 'none';
  return typeof value === 'object' ? linesOf(value).join('\n') : String(value);
}

/** One line for each value in it, named by the way to it. */
function linesOf(value, way = '') {
  return Object.entries(value).flatMap(([name, inner]) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? linesOf(inner, `${way}${name}.`)
      : `${way}${name}: ${textOf(inner)}`,
  );
}
