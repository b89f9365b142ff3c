// Signing in: by the link that `trainer dashboard` shows, or by a token.
import { h, put } from '../dom.js';
import { signInByCode, signInByToken, takeWanted } from '../session.js';

export function show(element, { code, why }) {
  const problem = h('p', { class: 'error', role: 'alert' }, why);
  const token = h('input', { type: 'password', id: 'token', autocomplete: 'off', spellcheck: 'false' });
  const submit = h('button', { class: 'primary' }, 'Sign in');
  const form = h('form', { class: 'sign-in' }, h('label', { for: 'token' }, 'Token'), token, submit);
  form.addEventListener('submit', event => {
    event.preventDefault();
    attempt(() => signInByToken(token.value.trim()), error => error.message);
  });

  put(
    element,
    h('div', { class: 'narrow' },
      h('h1', null, 'Sign in'),
      problem,
      h('p', null, 'On a machine that has the cluster\'s token, run'),
      h('pre', { tabindex: 0, 'aria-label': 'command' }, 'trainer dashboard'),
      h('p', null, 'It opens this page and signs you in. Its link is good once.'),
      h('p', null, 'Or paste a token: that of an admin, or one that ', h('code', null, 'trainer token create'), ' made for you. It is kept in this tab, and goes with it. A cluster that runs with ', h('code', null, '--insecure'), ' asks for none.'),
      form));

  if (code) {
    attempt(() => signInByCode(code), error => `${error.message} Run trainer dashboard again: it makes a new link.`);
  }

  async function attempt(signIn, words) {
    submit.disabled = true;
    put(problem);
    try {
      await signIn();
      const wanted = takeWanted();
      wanted === location.hash ? dispatchEvent(new Event('signed-in')) : location.hash = wanted;
    } catch (error) {
      put(problem, words(error));
      submit.disabled = false;
    }
  }
}
