// The whole examination, in the order in which it is told: what one check cannot see is no reason to skip another.
import { examineConfig, type SettingName } from '../../config.ts';
import type { Environment } from '../../config-names.ts';
import { type Finding, ok, problem, warning } from '../../domain/finding.ts';
import { checkAddress } from '../../flows/doctor/address.ts';
import { checkCertificate, checkShownCertificate } from '../../flows/doctor/certificate.ts';
import { checkDataDir } from '../../flows/doctor/data-dir.ts';
import { checkMail } from '../../flows/doctor/mail.ts';
import { inspectSecretKey } from '../../secret-key.ts';
import { guarded } from './guarded.ts';
import { lookAtDatabase } from './look-at-database.ts';

export type ExamineOptions = {
  readonly clock: () => number;
  /** Milliseconds to wait for PUBLIC_URL. */
  readonly patience: number;
  /** Where to send a message as a test. */
  readonly mailTo: string | undefined;
};

type Examined = ReturnType<typeof examineConfig>;

/** Looks at everything that the environment's settings lead to. Changes nothing. */
export async function examine(env: Environment, options: ExamineOptions): Promise<Finding[]> {
  const examined = examineConfig(env);
  const { config, unusable } = examined;
  const usable = (...names: SettingName[]) => names.every((name) => !unusable.has(name));
  const { clock, patience, mailTo } = options;
  const key = usable('DATA_DIR', 'SECRET_KEY', 'DATABASE_URL')
    ? await lookAtSecretKey(examined)
    : { findings: [], keys: undefined };
  const isEmbedded = usable('DATABASE_URL', 'DATA_DIR') && config.databaseUrl === undefined;
  const dataDir = isEmbedded ? await guarded('data-directory', () => checkDataDir(config.dataDir)) : [];
  // A start would put right what is wrong there, and this changes nothing.
  const how = dataDir.some(({ severity }) => severity === 'problem') ? 'attach' : 'start';
  const { publicUrl, tls } = config;
  const hasAddress = usable('PUBLIC_URL', 'PORT');
  const [database, own, shown, address, mail] = await Promise.all([
    guarded('database', () => lookAtDatabase(examined, how, key.keys, clock), usable('DATABASE_URL', 'DATA_DIR')),
    guarded('certificate', () => (tls ? checkCertificate({ clock }, tls.cert, publicUrl) : []), hasAddress),
    guarded('certificate', () => checkShownCertificate({ clock }, publicUrl, patience), hasAddress),
    guarded('address', () => checkAddress(publicUrl, patience), hasAddress),
    guarded('mail', () => checkMail(config.mail, mailTo), usable('SMTP_URL', 'MAIL_FROM')),
  ]);
  return [
    ...settingsFindings(examined),
    ...dataDir,
    ...key.findings,
    ...database,
    ...address,
    ...own,
    ...shown,
    ...mail,
  ];
}

function settingsFindings({ problems, warnings }: Examined): Finding[] {
  const todo = 'Correct it where Signet is started; docs/configuration.md describes every setting.';
  const found = [
    ...problems.map((seen) => problem('settings', seen, todo)),
    ...warnings.map((seen) => warning('settings', seen, todo)),
  ];
  return found.length > 0 ? found : [ok('settings', 'The settings have no mistakes.')];
}

async function lookAtSecretKey({ config }: Examined): Promise<{ findings: Finding[]; keys: Buffer[] | undefined }> {
  // What settings give is used in its place.
  if (config.secretKeys) return { findings: [], keys: config.secretKeys };
  try {
    const kept = await inspectSecretKey(config.dataDir);
    const findings = !kept
      ? []
      : kept.isOpenToOthers
        ? [
            problem(
              'secret-key',
              `Other users may read ${kept.path}, which opens every secret in the database.`,
              `chmod 600 ${kept.path}; if somebody may have read it, replace the key (docs/operating.md, "SECRET_KEY").`,
            ),
          ]
        : [ok('secret-key', `Only its owner may read ${kept.path}.`)];
    return { findings, keys: kept ? [kept.key] : [] };
  } catch (error) {
    const todo = 'Do what is said there; without that key nothing that it sealed can be opened.';
    return { findings: [problem('secret-key', (error as Error).message, todo)], keys: undefined };
  }
}
