// JSON Merge Patch (RFC 7396).

type Json = Readonly<Record<string, unknown>>;

/** RFC 7396 2: `target` with what `patch` says; null removes. Names that every object has are names like others. */
export function mergePatch(target: unknown, patch: Json): Json {
  const merged = new Map<string, unknown>(isGroup(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isGroup(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function isGroup(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
