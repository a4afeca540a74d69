// What saving a thing did to it.

export type SaveOutcome = 'created' | 'updated' | 'unchanged';
