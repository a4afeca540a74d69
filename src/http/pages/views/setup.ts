// The page that creates the first administrator.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';

type Input = 'username' | 'email' | 'password' | 'password_repeat';

/** What the setup page shows. Errors are texts in the language of the page. */
export type Setup = {
  action: string;
  token: string;
  csrf?: string | undefined;
  values: { username: string; email: string };
  errors: Partial<Record<Input | 'form', string>>;
};

const ids: Record<Input, string> = {
  username: 'setup-username',
  email: 'email',
  password: 'new-password',
  password_repeat: 'new-password-repeat',
};

/** Renders the setup page. */
export function setupPage(page: Page, model: Setup): Html {
  const t = translator(page.locale);
  const { errors, values } = model;
  const wrong = (['username', 'email', 'password', 'password_repeat'] as const).filter(
    (name) => errors[name] !== undefined,
  );
  const failed = wrong.length > 0 || errors.form !== undefined;
  // The first input to type into: the first that was refused, else the first that is empty, as passwords always are.
  const refused = wrong[0] === 'password_repeat' ? 'password' : wrong[0];
  const focus = refused ?? (values.username === '' ? 'username' : 'password');
  return layout(page, {
    title: t('setup.title'),
    failed,
    body: html`<div class="card">
      <h1>${t('setup.title')}</h1>
      <p class="lead">${t('setup.lead', { tenant: page.tenantName })}</p>
      ${
        failed &&
        alert('setup-error', [
          errors.form && html`<p>${errors.form}</p>`,
          wrong.length > 0 &&
            html`<p>${t('setup.problems')}</p>
              <ul>
                ${wrong.map((name) => html`<li><a href="#${ids[name]}">${errors[name]}</a></li>`)}
              </ul>`,
        ])
      }
      <form method="post" action="${model.action}">
        ${hiddenFields({ token: model.token, csrf: model.csrf })}
        ${field({
          id: ids.username,
          name: 'username',
          label: t('setup.username'),
          type: 'text',
          autocomplete: 'username',
          value: values.username,
          error: errors.username,
          autofocus: focus === 'username',
        })}
        ${field({
          id: ids.email,
          name: 'email',
          label: t('setup.email'),
          type: 'email',
          autocomplete: 'email',
          value: values.email,
          error: errors.email,
          autofocus: focus === 'email',
        })}
        ${field({
          id: ids.password,
          name: 'password',
          label: t('setup.password'),
          type: 'password',
          reveal: t('field.show_password'),
          autocomplete: 'new-password',
          hint: t('setup.password_hint'),
          error: errors.password,
          autofocus: focus === 'password',
        })}
        ${field({
          id: ids.password_repeat,
          name: 'password_repeat',
          label: t('setup.password_repeat'),
          type: 'password',
          reveal: t('field.show_password'),
          autocomplete: 'new-password',
          error: errors.password_repeat,
        })}
        <div class="actions">
          <button class="button button-primary" id="setup-submit" type="submit">${t('setup.submit')}</button>
        </div>
      </form>
    </div>`,
  });
}
