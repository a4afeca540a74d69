// The pages as people get them: nothing comes through unescaped, and everybody can read and use them.
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { IntlMessageFormat } from 'intl-messageformat';
import type { BrowserContext, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { html, type Html } from '../../src/texts/html.ts';
import { catalogues, negotiateLocale, translator, type Locale } from '../../src/texts/messages.ts';
import { accountPage } from '../../src/http/pages/views/account.ts';
import { accountApplicationsPage } from '../../src/http/pages/views/account-applications.ts';
import type { AccountFrame } from '../../src/http/pages/views/account-frame.ts';
import { accountPasswordPage, noPasswordPage } from '../../src/http/pages/views/account-password.ts';
import { accountSessionsPage } from '../../src/http/pages/views/account-sessions.ts';
import { type AccountTwoStep, accountTwoStepPage } from '../../src/http/pages/views/account-two-step.ts';
import { type AddFactor, addedFactorPage, addFactorPage } from '../../src/http/pages/views/add-factor.ts';
import { newFactorNamePage, newFactorPage } from '../../src/http/pages/views/new-factor.ts';
import { type NewPassword, newPasswordPage } from '../../src/http/pages/views/new-password.ts';
import { type NewSent, newSentPage, type SentCode, sentCodePage } from '../../src/http/pages/views/new-sent-factor.ts';
import { recoveryCodesPage } from '../../src/http/pages/views/recovery-codes.ts';
import { accountChangePage, type AccountChangePage } from '../../src/http/pages/views/account-change.ts';
import { consentPage, type Consent } from '../../src/http/pages/views/consent.ts';
import { errorPage } from '../../src/http/pages/views/error.ts';
import { forgotPasswordPage, linkSentPage } from '../../src/http/pages/views/forgot-password.ts';
import { resetPasswordPage } from '../../src/http/pages/views/reset-password.ts';
import { inboxPage } from '../../src/http/pages/views/inbox.ts';
import { accountEmailPage } from '../../src/http/pages/views/account-email.ts';
import {
  confirmedEmailPage,
  confirmEmailPage,
  emailVerifiedPage,
  signInFirstPage,
  verifyEmailPage,
} from '../../src/http/pages/views/verify-email.ts';
import {
  type MailedCode,
  mailedCodePage,
  type MailSignIn,
  mailSignInPage,
  type MailSent,
  signInLinkSentPage,
} from '../../src/http/pages/views/mail-sign-in.ts';
import { linkElsewherePage, type VerifyLink, verifyLinkPage } from '../../src/http/pages/views/verify-link.ts';
import { formPostPage } from '../../src/http/pages/views/form-post.ts';
import type { Page } from '../../src/http/pages/views/layout.ts';
import { type SecondFactor, secondFactorPage } from '../../src/http/pages/views/second-factor.ts';
import { setupPage } from '../../src/http/pages/views/setup.ts';
import { signInPage, type SignIn } from '../../src/http/pages/views/sign-in.ts';
import { signedOutPage, signOutConfirmPage } from '../../src/http/pages/views/sign-out.ts';
import { browserTest } from '../support/browser.ts';
import { scriptsOf } from '../support/pages.ts';

const locales = Object.keys(catalogues) as Locale[];
const long = 'The Extraordinarily Long-Named Department of Interplanetary Logistics';

const signIn: SignIn = { action: '/sign-in', attempt: 'attempt-1', clientName: 'Photos', username: '' };

const secondFactor: SecondFactor = {
  action: '/sign-in/second-factor',
  attempt: 'attempt-1',
  username: 'jane.doe.of.the.long.username@subdomain.department.example.com',
  switchUri: '/sign-in?attempt=attempt-1',
  clientName: 'Photos',
  method: 'totp',
  others: [{ method: 'recovery_code', uri: '/sign-in/second-factor?attempt=attempt-1&method=recovery_code' }],
};

const consent: Consent = {
  action: '/consent',
  attempt: 'attempt-1',
  clientName: 'Photos',
  clientUri: 'https://photos.example',
  policyUri: 'https://photos.example/privacy',
  tosUri: 'https://photos.example/terms',
  redirectHost: 'photos.example',
  scopes: [
    { name: 'openid', isNew: false },
    { name: 'email', isNew: true },
    { name: 'albums:write', description: 'Add pictures to your albums', isNew: true },
    { name: 'invoices:read', isNew: true },
  ],
  resources: [{ identifier: 'https://api.photos.example', name: 'Photo API' }, { identifier: 'urn:billing' }],
  username: 'jane.doe.of.the.long.username@subdomain.department.example.com',
  switchUserAction: '/consent',
  signOutAction: '/sign-out',
  csrf: 'csrf-1',
};

const sections = ['profile', 'password', 'two_step', 'sessions', 'applications'] as const;
const frameOf = (section: AccountFrame['section'], fill: <Model>(model: Model) => Model): AccountFrame => ({
  ...fill({ csrf: 'csrf-1', signOutAction: '/sign-out' }),
  section,
  sections: sections.map((name) => ({ name, ...fill({ uri: `/account/${name}` }) })),
  notice: section === 'sessions' ? 'session_ended' : undefined,
});
const now = Date.parse('2026-11-23T14:15:00Z');
const account = { username: 'jane', name: 'Jane Doe', email: 'jane@example.com' };
const applications = {
  now,
  consents: [
    {
      clientId: 'client-1',
      clientName: 'Photos',
      scopes: [{ name: 'openid' }, { name: 'email' }],
      removable: ['email'],
      grantedAt: Date.parse('2026-11-01T10:20:30Z'),
      expiresAt: Date.parse('2026-11-30T10:20:30Z'),
    },
    {
      clientId: 'client-2',
      clientName: long,
      scopes: [],
      removable: [],
      grantedAt: Date.parse('2026-11-01T10:20:30Z'),
    },
  ],
  revokeAction: '/account/consents/revoke',
  revokeScopeUri: '/account/consents/revoke-scope',
};
const startedAt = Date.parse('2026-11-01T10:20:30Z');
const sessions = {
  now,
  sessions: [
    {
      id: 'session-1',
      current: true,
      startedAt,
      lastSeenAt: now,
      userAgent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
    },
    { id: 'session-2', current: false, startedAt, lastSeenAt: Date.parse('2026-11-23T11:05:00Z') },
  ],
  endSessionAction: '/account/end-session',
  endOthersUri: '/account/end-others',
};
const twoStep: Omit<AccountTwoStep, 'frame'> = {
  now,
  isOff: false,
  factors: [
    {
      id: 'factor-1',
      method: 'totp',
      name: 'Phone',
      createdAt: startedAt,
      lastUsedAt: now,
      isUsable: true,
      mustStay: false,
    },
    { id: 'factor-2', method: 'totp', createdAt: startedAt, isUsable: true, mustStay: false },
    { id: 'factor-3', method: 'sms', phone: '+4915112345678', createdAt: startedAt, isUsable: false, mustStay: false },
    { id: 'factor-4', method: 'email', createdAt: startedAt, isUsable: true, mustStay: false },
  ],
  addPhoneUri: '/account/two-step/phone',
  addEmailUri: '/account/two-step/email',
  codes: { made: 10, left: 7 },
  addUri: '/account/two-step/add',
  removeUri: '/account/two-step/remove',
  makeCodesUri: '/account/two-step/recovery-codes',
};
const newPassword: NewPassword = {
  action: '/sign-in/new-password',
  attempt: 'attempt-1',
  username: 'jane.doe.of.the.long.username@subdomain.department.example.com',
  switchUri: '/sign-in?attempt=attempt-1',
  clientName: 'Photos',
  errors: {},
};

const forgotten = { action: '/forgot-password', signInUri: '/sign-in', email: '' };
const mailSignIn: MailSignIn = {
  action: '/sign-in/email',
  attempt: 'attempt-1',
  passwordUri: '/sign-in?attempt=attempt-1',
  clientName: 'Photos',
  email: 'jane.doe.of.the.long.username@subdomain.department.example.com',
};
const mailSent: MailSent = { ...mailSignIn, stay: true };
const mailedCode: MailedCode = { ...mailSent, codeAction: '/sign-in/email/code' };
const verifyLink: VerifyLink = {
  action: '/auth/verify',
  token: 'eyJ.eyJ.abc',
  username: 'jane.doe.of.the.long.username@subdomain.department.example.com',
};
const anotherPassword = { action: '/reset-password', token: 'sgp_abc', username: 'jane' };

const firstFactor: AddFactor = {
  nameAction: '/sign-in/add-factor',
  codeAction: '/sign-in/add-factor/confirm',
  attempt: 'attempt-1',
  username: 'jane.doe.of.the.long.username@subdomain.department.example.com',
  switchUri: '/sign-in?attempt=attempt-1',
  clientName: 'Photos',
  totp: undefined,
};

const newFactor = {
  action: '/account/two-step/confirm',
  backUri: '/account/two-step',
  id: 'factor-3',
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Acme:jane?secret=JBSWY3DPEHPK3PXP',
  qrSvg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>',
};
const newSent: Omit<NewSent, 'frame' | 'method'> = {
  action: '/account/two-step/phone',
  backUri: '/account/two-step',
  email: 'jane.doe.of.the.long.username@subdomain.department.example.com',
  phone: '',
};
const sentCode: Omit<SentCode, 'frame' | 'method'> = {
  action: '/account/two-step/phone/confirm',
  backUri: '/account/two-step',
  againUri: '/account/two-step/phone',
  id: 'factor-5',
  to: '+4915112345678',
};
const sentSecond = { action: '/sign-in/second-factor/send', to: '78' };
const codes = Array.from({ length: 10 }, (_, index) => `abcd${index}-efgh-ijkl-mnop-qrst-uvwx`);

const accountChange: Omit<AccountChangePage, 'ending'> = {
  action: '/account/sessions/end',
  fields: { session_id: 'session-2', csrf: 'csrf-1' },
  username: 'jane',
  backUri: '/account',
  signOutAction: '/sign-out',
  csrf: 'csrf-1',
};

/** Every page, in every state that looks different; `fill` stands wherever text comes from outside. */
function pages(page: Page, fill: <Model>(model: Model) => Model): Record<string, Html> {
  const outside = fill(page);
  const wrong = { code: 'wrong_credentials' } as const;
  return {
    'sign-in': signInPage(outside, fill({ ...signIn })),
    'sign-in that asks to stay': signInPage(outside, { ...fill({ ...signIn }), stay: { isChecked: false } }),
    'sign-in refused to whoever stays': signInPage(outside, {
      ...fill({ ...signIn, username: 'jane' }),
      stay: { isChecked: true },
      error: wrong,
    }),
    'sign-in again': signInPage(outside, { ...fill({ ...signIn, username: 'jane' }), reason: 'fresh' }),
    'sign-in again for the account': signInPage(outside, {
      ...fill({ action: '/', attempt: 'a', username: 'jane' }),
      isForAccount: true,
      reason: 'fresh',
    }),
    'sign-in refused': signInPage(outside, { ...fill({ ...signIn, clientName: long }), error: wrong }),
    'sign-in without client': signInPage(outside, { ...fill({ action: '/', attempt: 'a', username: '' }) }),
    'sign-in after the setup': signInPage(outside, {
      ...fill({ action: '/', attempt: 'a', username: '' }),
      notice: 'setup_done',
    }),
    'sign-in before the setup': signInPage(outside, {
      ...fill({ action: '/', attempt: 'a', username: '' }),
      notice: 'setup_open',
    }),
    'sign-in where passwords can be forgotten': signInPage(outside, {
      ...fill({ ...signIn, forgotUri: '/forgot-password' }),
      notice: 'password_reset',
    }),
    'sign-in by mail or with a password': signInPage(outside, {
      ...fill({ ...signIn, mailUri: '/sign-in/email?attempt=attempt-1', forgotUri: '/forgot-password' }),
      stay: { isChecked: false },
    }),
    'sign-in by mail': mailSignInPage(outside, fill({ ...mailSignIn, email: '' })),
    'sign-in by mail without client': mailSignInPage(outside, {
      ...fill({ ...mailSignIn, clientName: undefined }),
      isForAccount: true,
      stay: { isChecked: true },
    }),
    'sign-in by mail refused': mailSignInPage(outside, {
      ...fill({ ...mailSignIn, clientName: long }),
      error: { code: 'invalid' },
    }),
    'sign-in by mail, too often': mailSignInPage(outside, {
      ...fill(mailSignIn),
      stay: { isChecked: false },
      error: { code: 'too_many_attempts', retryAfter: 290 },
    }),
    'sign-in link sent': signInLinkSentPage(outside, fill(mailSent)),
    'mailed code': mailedCodePage(outside, fill(mailedCode)),
    'mailed code refused': mailedCodePage(outside, { ...fill(mailedCode), error: { code: 'wrong_code' } }),
    'mailed code, too often': mailedCodePage(outside, {
      ...fill({ ...mailedCode, clientName: undefined, stay: false }),
      error: { code: 'too_many_attempts', retryAfter: 290 },
    }),
    'mailed code, busy': mailedCodePage(outside, { ...fill(mailedCode), error: { code: 'busy' } }),
    'link that signs in': verifyLinkPage(outside, fill(verifyLink)),
    'link that signs in to a client': verifyLinkPage(outside, fill({ ...verifyLink, clientName: long })),
    'link of elsewhere': linkElsewherePage(outside),
    inbox: inboxPage(outside, {
      messages: [
        fill({
          tenant: 'default',
          channel: 'mail',
          purpose: 'reset-password',
          to: 'jane@example.com',
          subject: 'Choose another password',
          text: 'Somebody asked.\n\nhttps://id.example/reset-password?token=sgp_abc\n\n-- \nAcme',
          at: now,
        }),
      ],
    }),
    'empty inbox': inboxPage(outside, { messages: [] }),
    'account before any application': accountPage(outside, {
      ...fill(account),
      awaitsApplication: true,
      frame: frameOf('profile', fill),
    }),
    'account with an address to verify': accountPage(outside, {
      ...fill({ ...account, verifyAction: '/account/email/verify' }),
      frame: frameOf('profile', fill),
    }),
    'verify email': verifyEmailPage(
      outside,
      fill({ action: '/verify-email', token: 'sgm_abc', email: 'jane@example.com', username: 'jane' }),
    ),
    'account with an address to change': accountPage(outside, {
      ...fill({ ...account, changeEmailUri: '/account/email' }),
      frame: frameOf('profile', fill),
    }),
    'another email': accountEmailPage(outside, {
      ...fill({ action: '/account/email', backUri: '/account', email: '' }),
      usernameToo: false,
      frame: frameOf('profile', fill),
    }),
    'another email refused': accountEmailPage(outside, {
      ...fill({ action: '/account/email', backUri: '/account', email: 'jane@', current: 'jane@example.com' }),
      usernameToo: true,
      frame: frameOf('profile', fill),
      error: { code: 'invalid' },
    }),
    'another email, too often': accountEmailPage(outside, {
      ...fill({ action: '/account/email', backUri: '/account', email: 'jane@', current: 'jane@example.com' }),
      usernameToo: false,
      frame: frameOf('profile', fill),
      error: { code: 'too_many_attempts', retryAfter: 60 },
    }),
    'confirm email': confirmEmailPage(outside, {
      ...fill({ action: '/change-email', token: 'sge_abc', email: 'jane@example.com', username: 'jane' }),
      usernameToo: true,
    }),
    'sign in first': signInFirstPage(outside, fill({ username: 'jane', signInUri: '/sign-in' })),
    'somebody else is signed in': signInFirstPage(
      outside,
      fill({
        username: 'jane',
        signInUri: '/sign-in',
        other: { username: 'john', signOutAction: '/sign-out', csrf: 'c' },
      }),
    ),
    'no password': noPasswordPage(outside, {
      link: fill({ action: '/forgot-password', email: 'jane@example.com' }),
      frame: frameOf('password', fill),
    }),
    'no password, and no mail': noPasswordPage(outside, { frame: frameOf('password', fill) }),
    'email confirmed': confirmedEmailPage(outside, fill({ accountUri: '/account' })),
    'email verified': emailVerifiedPage(outside, fill({ accountUri: '/account' })),
    'forgotten password': forgotPasswordPage(outside, fill(forgotten)),
    'forgotten password refused': forgotPasswordPage(outside, {
      ...fill({ ...forgotten, email: 'jane@' }),
      error: { code: 'invalid' },
    }),
    'forgotten too often': forgotPasswordPage(outside, {
      ...fill({ ...forgotten, email: 'jane@example.com' }),
      error: { code: 'too_many_attempts', retryAfter: 290 },
    }),
    'link sent': linkSentPage(outside, fill({ email: 'jane@example.com', signInUri: '/sign-in' })),
    'another password': resetPasswordPage(outside, { ...fill(anotherPassword), errors: {} }),
    'another password refused': resetPasswordPage(outside, {
      ...fill(anotherPassword),
      errors: { ...fill({ new_password: 'Too short.' }), form: 'busy' },
    }),
    'second factor': secondFactorPage(outside, {
      ...fill(secondFactor),
      method: 'totp',
      others: secondFactor.others.map((other) => ({ ...fill(other), method: other.method })),
    }),
    'second factor refused': secondFactorPage(outside, {
      ...fill({ ...secondFactor, clientName: undefined }),
      method: 'recovery_code',
      others: [],
      error: { code: 'wrong_code' },
    }),
    'second factor before a text message': secondFactorPage(outside, {
      ...fill({ ...secondFactor, sent: { ...sentSecond, isWaiting: false } }),
      method: 'sms',
      others: (['totp', 'email', 'recovery_code'] as const).map((method) => ({ method, ...fill({ uri: '/' }) })),
    }),
    'second factor after a mail': secondFactorPage(outside, {
      ...fill({ ...secondFactor, sent: { ...sentSecond, to: '…@example.com', isWaiting: true } }),
      method: 'email',
      others: [{ method: 'sms', ...fill({ uri: '/' }) }],
      error: { code: 'wrong_code' },
    }),
    'second factor that the mailbox does not prove': secondFactorPage(outside, {
      ...fill(secondFactor),
      method: 'recovery_code',
      others: [],
      unusable: 'mailbox',
    }),
    'second factor that is switched off': secondFactorPage(outside, {
      ...fill(secondFactor),
      method: 'recovery_code',
      others: [],
      unusable: 'off',
    }),
    'second factor, too many text messages': secondFactorPage(outside, {
      ...fill({ ...secondFactor, sent: { ...sentSecond, isWaiting: true } }),
      method: 'sms',
      others: [],
      error: { code: 'too_many_codes', retryAfter: 28 },
    }),
    consent: consentPage(outside, fill(consent)),
    'consent to nothing': consentPage(outside, fill({ ...consent, clientName: long, scopes: [], resources: [] })),
    'sign-out question': signOutConfirmPage(
      outside,
      fill({ action: '/oauth/logout', csrf: 'c', hidden: { state: 's' }, clientName: 'Photos', username: 'jane' }),
    ),
    'signed out': signedOutPage(
      outside,
      fill({ clientName: 'Photos', returnUri: 'https://photos.example', signInUri: '/sign-in' }),
    ),
    'signed out without client': signedOutPage(outside, fill({ signInUri: '/sign-in' })),
    account: accountPage(outside, { ...fill(account), frame: frameOf('profile', fill) }),
    sessions: accountSessionsPage(outside, { ...fill(sessions), frame: frameOf('sessions', fill) }),
    applications: accountApplicationsPage(outside, { ...fill(applications), frame: frameOf('applications', fill) }),
    'no applications': accountApplicationsPage(outside, {
      ...fill({ ...applications, consents: [] }),
      frame: frameOf('applications', fill),
    }),
    password: accountPasswordPage(outside, {
      ...fill({ action: '/account/password', username: 'jane' }),
      frame: frameOf('password', fill),
      errors: {},
    }),
    'password refused': accountPasswordPage(outside, {
      ...fill({ action: '/account/password', username: 'jane' }),
      frame: frameOf('password', fill),
      errors: { ...fill({ new_password: 'Too short.', new_password_repeat: 'Differs.' }), form: wrong },
    }),
    'two steps': accountTwoStepPage(outside, { ...fill(twoStep), frame: frameOf('two_step', fill) }),
    'new password': newPasswordPage(outside, fill(newPassword)),
    'new password refused': newPasswordPage(outside, {
      ...fill(newPassword),
      errors: { ...fill({ new_password: 'Too short.', new_password_repeat: 'Differs.' }), form: { code: 'busy' } },
    }),
    'one that must stay': accountTwoStepPage(outside, {
      ...fill({ ...twoStep, factors: [{ ...twoStep.factors[0]!, mustStay: true }] }),
      frame: frameOf('two_step', fill),
    }),
    'one step': accountTwoStepPage(outside, { ...fill({ ...twoStep, factors: [] }), frame: frameOf('two_step', fill) }),
    'new factor': newFactorNamePage(outside, { ...fill(newFactor), frame: frameOf('two_step', fill) }),
    'new secret': newFactorPage(outside, {
      ...fill(newFactor),
      frame: frameOf('two_step', fill),
      error: { code: 'wrong_code' },
    }),
    'new phone': newSentPage(outside, { ...fill(newSent), method: 'sms', frame: frameOf('two_step', fill) }),
    'new phone while a code is waited for': newSentPage(outside, {
      ...fill({ ...newSent, waiting: { to: '+4915112345678', uri: '/account/two-step/phone/confirm' } }),
      method: 'sms',
      frame: frameOf('two_step', fill),
    }),
    'new phone refused': newSentPage(outside, {
      ...fill({ ...newSent, phone: '0151 12345678' }),
      method: 'sms',
      frame: frameOf('two_step', fill),
      error: { code: 'invalid' },
    }),
    'new phone, too often': newSentPage(outside, {
      ...fill({ ...newSent, phone: '+49 151 12345678' }),
      method: 'sms',
      frame: frameOf('two_step', fill),
      error: { code: 'too_many_codes', retryAfter: 290 },
    }),
    'code to a new phone': sentCodePage(outside, {
      ...fill(sentCode),
      method: 'sms',
      frame: frameOf('two_step', fill),
      error: { code: 'wrong_code' },
    }),
    'codes by mail': newSentPage(outside, { ...fill(newSent), method: 'email', frame: frameOf('two_step', fill) }),
    'first code by mail': sentCodePage(outside, {
      ...fill({ ...sentCode, to: newSent.email }),
      method: 'email',
      frame: frameOf('two_step', fill),
    }),
    'first factor': addFactorPage(outside, fill(firstFactor)),
    'first secret': addFactorPage(outside, {
      ...fill({
        ...firstFactor,
        totp: { id: 'factor-3', secret: newFactor.secret, uri: newFactor.uri, qrSvg: newFactor.qrSvg },
      }),
      error: { code: 'wrong_code' },
    }),
    'first codes': addedFactorPage(outside, fill({ codes, onward: '/account' })),
    'recovery codes': recoveryCodesPage(outside, { codes: fill(codes), frame: frameOf('two_step', fill) }),
    'factor about to end': accountChangePage(outside, {
      ...fill(accountChange),
      ending: { kind: 'factor', factor: fill({ method: 'totp', name: long } as const), isLast: true },
    }),
    'recovery codes about to end': accountChangePage(outside, { ...fill(accountChange), ending: { kind: 'codes' } }),
    'access about to end': accountChangePage(outside, {
      ...fill(accountChange),
      ending: { kind: 'access', ...fill({ clientName: long }) },
    }),
    'permission about to end': accountChangePage(outside, {
      ...fill(accountChange),
      ending: { kind: 'scope', ...fill({ clientName: long, scope: { name: 'reports', description: 'Read reports' } }) },
    }),
    'session about to end': accountChangePage(outside, {
      ...fill(accountChange),
      ending: {
        kind: 'session',
        ...fill({ ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348' }),
        lastSeenAt: '2026-11-23T14:05:00Z',
      },
    }),
    'sessions about to end': accountChangePage(outside, {
      ...fill(accountChange),
      ending: { kind: 'sessions', count: 3 },
    }),
    setup: setupPage(outside, fill({ action: '/setup', token: 't', values: { username: '', email: '' }, errors: {} })),
    'setup refused': setupPage(
      outside,
      fill({
        action: '/setup',
        token: 't',
        csrf: 'c',
        values: { username: 'a b', email: 'x' },
        errors: {
          username: 'No spaces.',
          password: 'Too short.',
          password_repeat: 'Differs.',
          form: 'The link has expired.',
        },
      }),
    ),
    'a sign-in that is over': errorPage(outside, {
      ...fill({ code: 'attempt_finished', description: 'This sign-in was already completed.', reference: '0199-4c7f' }),
      kind: 'signed_in',
      at: 1_785_000_000_000,
      application: fill({ name: 'Photos', uri: 'https://photos.example/' }),
      link: { to: 'account', ...fill({ uri: '/account' }) },
      next: 'go_on',
    }),
    error: errorPage(outside, {
      ...fill({
        code: 'invalid_request',
        description: 'No.',
        reference: '0199-4c7f',
        detail: `https://photos.example:8443/${'callback/'.repeat(30)}`,
      }),
      link: { to: 'account', ...fill({ uri: '/account' }) },
      next: 'tell_application',
    }),
    'form post': formPostPage(outside, {
      ...fill({ fields: { code: 'abc', state: 's' }, nonce: 'wrong' }),
      action: 'https://photos.example/callback',
    }),
  };
}

const plainPage: Page = { locale: 'en', tenantName: 'Acme', stylesheet: '/signet.css', signedInAs: 'jane' };
const asIs = <Model>(model: Model): Model => model;

describe('escaping', () => {
  test('text is escaped, nested markup is not, nothing renders nothing', () => {
    const inner = html`<b>${'<&>'}</b>`;
    expect(html`<p title="${`"'`}">${inner}${[inner, '<']}${undefined}${null}${false}${0}</p>`.toString()).toBe(
      '<p title="&quot;&#39;"><b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b>&lt;0</p>',
    );
  });

  test('an object that looks like markup is escaped', () => {
    const forged = { toString: () => '<script>' } as unknown as Html;
    expect(html`${forged}`.toString()).toBe('&lt;script&gt;');
  });

  const payload = `"><svg onload=alert(1)>'`;
  const poisoned = pages({ ...plainPage, logoUri: 'x' }, (model) => poison(model, payload));
  test.for(Object.entries(poisoned))('markup in every field of %s comes out as text', ([, markup]) => {
    const text = markup.toString();
    expect(text).not.toMatch(/<svg onload|onload=alert\(1\)>|"&gt;|&gt;'/);
    expect(text).toContain('&quot;&gt;&lt;svg onload=alert(1)&gt;&#39;');
  });

  test.for([
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'data:image/svg+xml,<svg/>',
    'vbscript:alert(1)',
    'blob:https://photos.example/1',
    'file:///etc/passwd',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    'no address',
  ])('no link or picture leads to %j', (uri) => {
    const page = { ...plainPage, logoUri: uri };
    const rendered = [
      consentPage(page, { ...consent, clientUri: uri, policyUri: uri, tosUri: uri, clientLogoUri: uri }),
      signInPage(page, { ...signIn, clientLogoUri: uri }),
      errorPage(page, { code: 'x', description: 'x', link: { to: 'account', uri } }),
      signedOutPage(page, { returnUri: uri, signInUri: uri }),
    ].join('');
    expect(rendered).not.toMatch(/<a |<img /);
  });

  test('a form is never posted to a script', () => {
    const model = { action: 'javascript:alert(1)', fields: {}, nonce: 'n' };
    expect(() => formPostPage(plainPage, model)).toThrow(TypeError);
  });

  test("a native application's return address is a link", () => {
    const text = signedOutPage(plainPage, { returnUri: 'com.example.photos:/signed-out', signInUri: '/' }).toString();
    expect(text).toContain('href="com.example.photos:/signed-out"');
  });
});

describe('languages', () => {
  test.for(locales)('%s has the keys and the placeholders of en', (locale) => {
    const placeholders = (of: Locale) =>
      Object.fromEntries(Object.entries(catalogues[of]).map(([key, text]) => [key, argumentsOf(text, of)]));
    expect(placeholders(locale)).toEqual(placeholders('en'));
  });

  // One voice and one word for one thing, on every page and in every mail.
  test.for<[Locale, RegExp]>([
    ['de', /(?<!\p{L})(?:du|dein\p{L}*|dich|dir)(?!\p{L})/iu],
    ['fr', /(?<!\p{L})(?:tu|ton|tes)(?!\p{L})/iu],
    ['nl', /(?<!\p{L})(?:u|uw|aanmeld\p{L}*|aangemeld|afgemeld)(?!\p{L})/iu],
    [
      'es',
      /(?<!\p{L})(?:usted|su (?:administrador|cuenta|contraseña|código)|Introduzca|Pregunte|consulte|Inténtelo)(?!\p{L})/iu,
    ],
    ['it', /(?<!\p{L})(?:Lei|la invitiamo|Suo|sua password|ricominci|elimini|registri)(?!\p{L})/u],
    ['pt', /palavra-passe|aplicaç|ficheiro|inicia\p{L}* sessão|sessão iniciada|introduza/iu],
  ])('%s speaks to its readers in one voice', ([locale, other]) => {
    const strange = Object.entries(catalogues[locale]).filter(([, text]) => other.test(text));
    expect(strange).toEqual([]);
  });

  test.for<[string | undefined, string | undefined, Locale]>([
    [undefined, undefined, 'en'],
    ['fr-CA de', 'ja', 'fr'],
    ['tlh', 'de-CH-1996,fr;q=0.9', 'de'],
    [undefined, 'xx, es;q=0.5, nl;q=0.8, *;q=0.1', 'nl'],
    [undefined, 'de;q=0, it;q=0.1', 'it'],
    ['constructor __proto__', 'toString', 'en'],
    ['PT-br', undefined, 'pt'],
  ])('ui_locales %j and Accept-Language %j give %s', ([uiLocales, acceptLanguage, expected]) => {
    expect(negotiateLocale(uiLocales, acceptLanguage)).toBe(expected);
  });

  test('a name cannot reorder the sentence around it', () => {
    expect(translator('en')('sign_in.cancel', { client: '\u202eEvil' })).toBe('Back to Evil');
    expect(translator('ar')('sign_in.cancel', { client: 'Photos' })).toContain('\u2068Photos\u2069');
  });

  test.for(locales)('%s pages carry their language and direction', (locale) => {
    const text = signInPage({ ...plainPage, locale }, signIn).toString();
    expect(text).toContain(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`);
  });

  test('too many attempts says in words when to come back', () => {
    const text = (retryAfter?: number) =>
      signInPage(plainPage, { ...signIn, error: { code: 'too_many_attempts', retryAfter } }).toString();
    expect(text(45)).toContain('Try again in 45 seconds.');
    expect(text(290)).toContain('Try again in 5 minutes.');
    expect(text(7200)).toContain('Try again in 2 hours.');
    expect(text()).toContain('Try again later.');
  });
});

browserTest('in a browser', (browser) => {
  const policyOf = (body: string) =>
    `default-src 'none'; style-src 'self'; img-src 'self' data: https:; script-src ${allowed(body)}; frame-ancestors 'none'; base-uri 'none'`;
  // Whichever nonce a page has: the policy allows one.
  const allowed = (body: string) =>
    scriptsOf(body).map((source) => source.replace(/nonce-[^']+/, 'nonce-n'))[0] ?? "'none'";
  const stylesheet = readFileSync(new URL('../../src/http/pages/signet.css', import.meta.url), 'utf8');

  let shared: BrowserContext | undefined;
  afterAll(() => shared?.close());
  // Colours in the middle of a transition are neither light nor dark.
  const contextWith = (options: BrowserContextOptions) => browser().newContext({ reducedMotion: 'reduce', ...options });

  /** Opens a page under the policy that it is served with; what it posts is collected instead of sent. */
  async function open(markup: Html, options?: BrowserContextOptions) {
    const context = options ? await contextWith(options) : (shared ??= await contextWith({}));
    const tab = await context.newPage();
    const posted: { url: string; fields: Record<string, string> }[] = [];
    const complaints: string[] = [];
    await tab.route('**', async (route) => {
      const request = route.request();
      if (request.method() === 'POST') {
        const fields = Object.fromEntries(new URLSearchParams(request.postData() ?? ''));
        posted.push({ url: request.url(), fields });
        return route.fulfill({ contentType: 'text/html', body: '<p id=posted>' });
      }
      if (request.url().endsWith('.css')) return route.fulfill({ contentType: 'text/css', body: stylesheet });
      return route.fulfill({
        contentType: 'text/html; charset=utf-8',
        headers: { 'content-security-policy': policyOf(markup.toString()) },
        body: markup.toString(),
      });
    });
    tab.on('console', (message) => complaints.push(message.text()));
    await tab.goto('http://signet.test/');
    return { tab, posted, complaints, [Symbol.asyncDispose]: () => (options ? context.close() : tab.close()) };
  }

  const inEnglish = pages(plainPage, asIs);
  const english = Object.entries(inEnglish);
  const others = locales.filter((locale) => locale !== 'en');
  // Each page also in one of the other languages, or in all of them (`npm run trial:languages`).
  const translated = english.flatMap(([name], nth) =>
    (process.env['LANGUAGES'] === 'all' ? others : [others[nth % others.length]!]).map((locale): [string, Html] => [
      `${name} (${locale})`,
      pages({ ...plainPage, locale }, asIs)[name]!,
    ]),
  );

  test.for([...english, ...translated])('%s holds WCAG 2.2 AA, light and dark', async ([name, markup]) => {
    await using opened = await open(markup);
    await opened.tab.emulateMedia({ colorScheme: 'light' });
    expect(await violations(axeOn(opened.tab).withTags(accessible))).toEqual([]);
    // Words change no colours.
    if (name in inEnglish) {
      await opened.tab.emulateMedia({ colorScheme: 'dark' });
      expect(await violations(axeOn(opened.tab).withRules('color-contrast'))).toEqual([]);
    }
    // The nonce of that page is wrong on purpose: it would be gone before it is looked at.
    if (!name.startsWith('form post')) expect(opened.complaints).toEqual([]);
  });

  test.for(['en', 'de', 'ar'] as const)('nothing runs over the edge of a small phone in %s', async (locale) => {
    const all = Object.entries(pages({ ...plainPage, locale, tenantName: long }, asIs));
    await using opened = await open(all[0]![1], { viewport: { width: 320, height: 640 }, javaScriptEnabled: false });
    for (const [name, markup] of all) {
      await opened.tab.setContent(markup.toString());
      const excess = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect({ name, excess: await opened.tab.evaluate(excess) }).toEqual({ name, excess: 0 });
    }
  });

  test('a logo that cannot be had gives way to the letter behind it; one that can covers it', async () => {
    const clientLogoUri = 'https://photos.example/logo.png';
    await using broken = await open(signInPage({ ...plainPage, logoUri: clientLogoUri }, { ...signIn, clientLogoUri }));
    expect(await broken.tab.locator('.emblem').innerText()).toBe('P');
    for (const logo of ['.emblem-logo', '.brand-logo'])
      await expect.poll(() => broken.tab.locator(logo).isHidden()).toBe(true);
    const pixel = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
    const whole = html`${signInPage(plainPage, { ...signIn, clientLogoUri })}`.toString().replace(clientLogoUri, pixel);
    await broken.tab.setContent(whole);
    expect(await broken.tab.locator('.emblem-logo').isVisible()).toBe(true);
  });

  test('without JavaScript one can sign in, and leave without filling in anything', async () => {
    await using one = await open(signInPage(plainPage, signIn), { javaScriptEnabled: false });
    await one.tab.locator('#login-username:focus').waitFor();
    await one.tab.keyboard.type('jane');
    await one.tab.fill('#login-password', 'correct horse');
    await one.tab.keyboard.press('Enter');
    await one.tab.waitForSelector('#posted', { state: 'attached' });
    await using other = await open(signInPage(plainPage, signIn), { javaScriptEnabled: false });
    await other.tab.click('#login-cancel');
    await other.tab.waitForSelector('#posted', { state: 'attached' });
    expect(one.posted[0]?.fields).toEqual({ attempt: 'attempt-1', username: 'jane', password: 'correct horse' });
    expect(other.posted[0]?.fields).toMatchObject({ attempt: 'attempt-1', cancel: '1' });
  });

  test('without JavaScript each button that mails something says which; Enter means the link', async () => {
    for (const [button, sent] of [
      ['Enter', { way: 'link' }],
      ['#email-submit', { way: 'link' }],
      ['#email-code-submit', { way: 'code' }],
    ] as const) {
      await using opened = await open(mailSignInPage(plainPage, mailSignIn), { javaScriptEnabled: false });
      await (button === 'Enter' ? opened.tab.press('#email', 'Enter') : opened.tab.click(button));
      await opened.tab.waitForSelector('#posted', { state: 'attached' });
      expect(opened.posted[0]?.fields).toEqual({ attempt: 'attempt-1', email: mailSignIn.email, ...sent });
    }
  });

  test('each button of the consent page posts its own decision', async () => {
    for (const decision of ['allow', 'deny', 'switch']) {
      await using opened = await open(consentPage(plainPage, consent), { javaScriptEnabled: false });
      await opened.tab.click(`#consent-${decision}`);
      await opened.tab.waitForSelector('#posted', { state: 'attached' });
      expect(opened.posted[0]?.fields).toEqual({ attempt: 'attempt-1', username: consent.username, decision });
    }
  });

  test('the form post page submits itself with its nonce, and by its button without', async () => {
    const fields = { code: 'abc', state: `"<>&'`, submit: 'a field of this name' };
    const action = 'https://photos.example/callback';
    await using self = await open(formPostPage(plainPage, { action, fields, nonce: 'n' }));
    await self.tab.waitForSelector('#posted', { state: 'attached' });
    await using other = await open(formPostPage(plainPage, { action, fields, nonce: 'another' }));
    expect(other.posted).toEqual([]);
    await other.tab.click('#form-post-submit');
    await other.tab.waitForSelector('#posted', { state: 'attached' });
    expect([...self.posted, ...other.posted]).toEqual([
      { url: action, fields },
      { url: action, fields },
    ]);
  });
});

/** The same model with every text in it replaced, except the names that are chosen by the server. */
function poison<Model>(model: Model, payload: string, key = ''): Model {
  if (typeof model === 'string') return (key === 'locale' ? model : payload) as Model;
  if (Array.isArray(model)) return model.map((item: unknown) => poison(item, payload)) as Model;
  if (typeof model !== 'object' || model === null) return model;
  const entries = Object.entries(model).map(([name, value]: [string, unknown]) => [name, poison(value, payload, name)]);
  return Object.fromEntries(entries) as Model;
}

/** The arguments of an ICU message, with their kinds. */
function argumentsOf(text: string, locale: Locale): string[] {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && 'value' in node && node.type !== 0) found.add(`${String(node.type)} ${String(node.value)}`);
    Object.values(node).forEach(walk);
  };
  walk(new IntlMessageFormat(text, locale, undefined, { ignoreTag: true }).getAst());
  return [...found].toSorted();
}

const accessible = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** In one page: there are no frames, for which axe would open another. */
function axeOn(page: Tab): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode(true);
}

async function violations(axe: AxeBuilder): Promise<string[]> {
  const { violations: found } = await axe.analyze();
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}
