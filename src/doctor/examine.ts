// The whole examination, in the order in which it is told: what one check cannot see is no reason to skip another.
import type { SettingName } from '../config/settings.ts';
import { examineConfig } from '../config/read.ts';
import { type Environment, findGiven } from '../config/names.ts';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';
import { checkAddress } from './address.ts';
import { checkCertificate, checkShownCertificate } from './certificate.ts';
import { checkDataDir } from './data-dir.ts';
import { checkDatabaseUser } from './database-user.ts';
import { checkMail } from './mail.ts';
import { checkSms } from './sms.ts';
import type { GivenKeys } from './secret-keys.ts';
import { checkSecretFiles } from '../config/secret-files.ts';
import { inspectSecretKey, secretKeyFile, SecretKeyError } from '../config/secret-key.ts';
import { guarded } from './guarded.ts';
import { lookAtDatabase } from './look-at-database.ts';

export type ExamineOptions = {
  readonly clock: () => number;
  /** Milliseconds to wait for PUBLIC_URL. */
  readonly patience: number;
  /** Where to send a message as a test. */
  readonly mailTo: string | undefined;
  readonly smsTo?: string | undefined;
  /** Who looks; undefined on systems without such numbers. */
  readonly uid: number | undefined;
};

type Examined = ReturnType<typeof examineConfig>;

/** Looks at everything that the environment's settings lead to. Changes nothing. */
export async function examine(env: Environment, options: ExamineOptions): Promise<Finding[]> {
  const examined = examineConfig(env);
  const { config, unusable } = examined;
  const usable = (...names: SettingName[]) => names.every((name) => !unusable.has(name));
  const { clock, patience, mailTo, smsTo, uid } = options;
  const [secretKey, given] = await lookAtSecretKey(examined, usable('DATA_DIR', 'SECRET_KEY', 'DATABASE_URL'));
  const isEmbedded = usable('DATABASE_URL', 'DATA_DIR') && config.databaseUrl === undefined;
  const dataDir = isEmbedded ? await guarded('data-directory', () => checkDataDir(config.dataDir)) : [];
  const user = isEmbedded ? await guarded('database-user', () => checkDatabaseUser(config.dataDir, uid)) : [];
  const files = await guarded('secret-files', () => checkSecretFiles(env));
  // A start would put right what is wrong there, and this changes nothing.
  const how = dataDir.some(({ severity }) => severity === 'problem') ? 'attach' : 'start';
  const { publicUrl, tls } = config;
  const hasAddress = usable('PUBLIC_URL', 'PORT');
  // One of the two alone is found among the settings.
  const isMailGiven = ['SMTP_URL', 'MAIL_FROM'].some((name) => findGiven(env, name, true).given !== undefined);
  const isMailWhole = usable('SMTP_URL', 'MAIL_FROM') && isMailGiven === (config.mail !== undefined);
  const sending = { guard: { allow: config.outboundAllow ?? [] }, clock, testTo: smsTo };
  const [database, own, shown, address, mail, sms] = await Promise.all([
    guarded('database', () => lookAtDatabase(examined, how, given, clock), usable('DATABASE_URL', 'DATA_DIR')),
    guarded('certificate', () => (tls ? checkCertificate({ clock }, tls.cert, publicUrl) : []), hasAddress),
    guarded('certificate', () => checkShownCertificate({ clock }, publicUrl, patience), hasAddress),
    guarded('address', () => checkAddress(publicUrl, patience), hasAddress),
    guarded('mail', () => checkMail(config.mail, mailTo), isMailWhole),
    guarded('sms', () => checkSms(config.sms, sending), usable('SMS_URL', 'OUTBOUND_ALLOW')),
  ]);
  const kept = [...dataDir, ...user, ...secretKey, ...files];
  return [...settingsFindings(examined), ...kept, ...database, ...address, ...own, ...shown, ...mail, ...sms];
}

function settingsFindings({ problems, warnings }: Examined): Finding[] {
  const todo = 'Correct it where Signet is started; docs/configuration.md describes every setting.';
  const found = [
    ...problems.map((seen) => problem('settings', seen, todo)),
    ...warnings.map((seen) => warning('settings', seen, todo)),
  ];
  return found.length > 0 ? found : [ok('settings', 'The settings have no mistakes.')];
}

async function lookAtSecretKey({ config }: Examined, areUsable: boolean): Promise<[Finding[], GivenKeys]> {
  const { dataDir, databaseUrl, secretKeys: keys } = config;
  // What settings give is used in the place of the file, and a database of one's own does without the file.
  if (!areUsable || keys || databaseUrl !== undefined) return [[], { keys, file: undefined }];
  const file = secretKeyFile(dataDir);
  try {
    const kept = await inspectSecretKey(dataDir);
    if (!kept) return [[], { keys: undefined, file }];
    const finding = kept.isOpenToOthers
      ? problem(
          'secret-key',
          `Other users may read ${file}, which opens every secret in the database.`,
          `Run "chmod 600 ${file}". If somebody may have read it, replace the key (docs/operating.md, "SECRET_KEY").`,
        )
      : ok('secret-key', `Only its owner may read ${file}.`);
    return [[finding], { keys: [kept.key], file }];
  } catch (error) {
    if (!(error instanceof SecretKeyError)) throw error;
    // What is wrong is DATA_DIR itself, which has been said.
    const isBelowFile = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOTDIR';
    return [isBelowFile ? [] : [problem('secret-key', error.seen, error.todo)], { keys: undefined, file }];
  }
}
