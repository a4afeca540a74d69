// The pages scope: what people see and send, from our own pages only.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../../deps.ts';
import { endpoints } from '../../domain/endpoints.ts';
import { sentMethods } from '../../domain/factors.ts';
import { verifyPath } from '../../flows/passwordless/browser.ts';
import { changeEmailPath } from '../../flows/recovery/change-email.ts';
import { verifyEmailPath } from '../../flows/recovery/verify-email.ts';
import { resetPath } from '../../flows/recovery/forgot.ts';
import { basePath, findTenant } from '../context.ts';
import { readForms } from '../forms.ts';
import { route } from '../methods.ts';
import { logoutConfirmation, logoutQuestion, logoutEndpoint } from './logout.ts';
import { account, accountApplications, accountSessions } from './account.ts';
import { accountChange, confirmAccountChange, endingKinds } from './account-change.ts';
import { accountPassword, changePassword } from './account-password.ts';
import { accountPaths, accountSections, confirmFactorPath, confirmSentPaths } from './account-paths.ts';
import { beginSentFactor, confirmSentFactor, newSentFactor, sentFactorCode } from './account-sent.ts';
import { beginNewFactor, confirmNewFactor, newFactor, newFactorSecret, twoStep } from './account-two-step.ts';
import {
  addFactorForm,
  addFactorPath,
  beginAddFactor,
  confirmAddFactor,
  confirmFirstFactorPath,
} from './add-factor.ts';
import { accountEmail, askAnotherEmail, changeEmailAnswer, changeEmailForm } from './change-email.ts';
import { consent, consentForm } from './consent.ts';
import { answerPageErrors } from './errors.ts';
import { leadToIssuerHost } from './issuer-host.ts';
import { forgot, forgotForm, forgotPath } from './forgot-password.ts';
import { continuePath } from './hub.ts';
import {
  mailedCode,
  mailedCodePath,
  mailSent,
  mailSentPath,
  mailSignIn,
  mailSignInForm,
  mailSignInPath,
} from './mail-sign-in.ts';
import { newPassword, newPasswordForm } from './new-password.ts';
import { stylesheetFile } from './page.ts';
import { reset, resetForm } from './reset-password.ts';
import { refuseCrossSite } from './same-site.ts';
import { secondFactor, secondFactorForm, sendFactorCode, sendFactorCodePath } from './second-factor.ts';
import { setup, setupForm } from './setup.ts';
import { signIn, signInForm } from './sign-in.ts';
import { askVerification, askVerificationPath, verifyEmailAnswer, verifyEmailForm } from './verify-email.ts';
import { verifyLinkAnswer, verifyLinkForm } from './verify-link.ts';
import { waitingPaths } from './sign-in-paths.ts';
import { authorizeAgain, authorizeEndpoint } from './authorize.ts';

export function pagesScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    leadToIssuerHost(scope);
    answerPageErrors(scope, deps);
    refuseCrossSite(scope);
    readForms(scope, { json: false });
    // Who types the address of the issuer wants their account, or to sign in first.
    route(scope, '/', { GET: (request, reply) => reply.redirect(`${basePath(request.tenant)}/account`, 303) });
    route(scope, '/sign-in', { GET: signInForm(deps), POST: signIn(deps) });
    route(scope, '/sign-in/second-factor', { GET: secondFactorForm(deps), POST: secondFactor(deps) });
    route(scope, sendFactorCodePath, { POST: sendFactorCode(deps) });
    route(scope, addFactorPath, { GET: addFactorForm(deps), POST: beginAddFactor(deps) });
    route(scope, confirmFirstFactorPath, { POST: confirmAddFactor(deps) });
    route(scope, waitingPaths['new password'], { GET: newPasswordForm(deps), POST: newPassword(deps) });
    route(scope, '/consent', { GET: consentForm(deps), POST: consent(deps) });
    route(scope, '/sign-out', { GET: logoutQuestion(deps), POST: logoutConfirmation(deps) });
    route(scope, accountSections.profile, { GET: account(deps) });
    route(scope, accountSections.sessions, { GET: accountSessions(deps) });
    route(scope, accountSections.applications, { GET: accountApplications(deps) });
    route(scope, accountSections.password, { GET: accountPassword(deps), POST: changePassword(deps) });
    route(scope, accountPaths['change email'], { GET: accountEmail(deps), POST: askAnotherEmail(deps) });
    route(scope, accountSections.two_step, { GET: twoStep(deps) });
    route(scope, accountPaths['add factor'], { GET: newFactor(deps), POST: beginNewFactor(deps) });
    route(scope, confirmFactorPath, { GET: newFactorSecret(deps), POST: confirmNewFactor(deps) });
    for (const method of sentMethods) {
      const begin = accountPaths[method === 'sms' ? 'add phone' : 'add email factor'];
      route(scope, begin, { GET: newSentFactor(deps, method), POST: beginSentFactor(deps, method) });
      const confirm = { GET: sentFactorCode(deps, method), POST: confirmSentFactor(deps, method) };
      route(scope, confirmSentPaths[method], confirm);
    }
    for (const kind of endingKinds)
      route(scope, accountPaths[kind], { GET: confirmAccountChange(deps, kind), POST: accountChange(deps, kind) });
    route(scope, mailSignInPath, { GET: mailSignInForm(deps), POST: mailSignIn(deps) });
    route(scope, mailSentPath, { GET: mailSent(deps) });
    route(scope, mailedCodePath, { POST: mailedCode(deps) });
    route(scope, verifyPath, { GET: verifyLinkForm(deps), POST: verifyLinkAnswer(deps) }, { for: 'browsers' });
    route(scope, forgotPath, { GET: forgotForm(deps), POST: forgot(deps) });
    route(scope, resetPath, { GET: resetForm(deps), POST: reset(deps) });
    route(scope, askVerificationPath, { POST: askVerification(deps) });
    route(scope, verifyEmailPath, { GET: verifyEmailForm(deps), POST: verifyEmailAnswer(deps) });
    route(scope, changeEmailPath, { GET: changeEmailForm(deps), POST: changeEmailAnswer(deps) });
    route(scope, '/setup', { GET: setupForm(deps), POST: setup(deps) });
    route(scope, `/assets/${stylesheetFile.name}`, {
      GET: (_request, reply) =>
        reply
          .headers({ 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff' })
          .type('text/css; charset=utf-8')
          .send(stylesheetFile.body),
    });
  };
}

/** Visited by browsers that other sites send: no cross-site check here, so a cookie alone changes nothing. */
export function browserScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    leadToIssuerHost(scope);
    answerPageErrors(scope, deps);
    readForms(scope, { json: false });
    for (const path of [endpoints.authorize, `${endpoints.authorize}/`])
      route(scope, path, { GET: authorizeEndpoint(deps), POST: authorizeEndpoint(deps) });
    route(scope, continuePath, { GET: authorizeAgain(deps) });
    route(scope, `${endpoints.authorize}/:attempt`, { GET: authorizeAgain(deps) });
    route(scope, endpoints.logout, { GET: logoutEndpoint(deps), POST: logoutEndpoint(deps) });
  };
}
