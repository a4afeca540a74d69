// The dependencies of a test's server for flows that want patience: small work, for which the hurried database does.
import type { Deps, PatientDeps } from '../../src/deps.ts';

export function asPatient(deps: Deps): PatientDeps {
  return { ...deps, db: { ...deps.db, patience: 'patient' } };
}
