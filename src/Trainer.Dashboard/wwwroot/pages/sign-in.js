// Signing in: by the link that `trainer dashboard` shows, or by a token.
import { button, h, put } from '../dom.js';
import { signedIn, signInByCode, signInByToken, takeWanted } from '../session.js';

const AGAIN = 'Run trainer dashboard again: it makes a new link.';

export function show(element, { code, problem: why, said }) {
  const problem = h('p', { class: 'error', role: 'alert' }, why);
  const question = h('div');
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
      problem, said && h('p', { role: 'status' }, said), question,
      h('p', null, 'On a machine that has the cluster\'s token, run'),
      h('pre', { tabindex: 0, 'aria-label': 'command' }, 'trainer dashboard'),
      h('p', null, 'It opens this page and signs you in. Its link is good once.'),
      h('p', null, 'Or paste a token: that of an admin, or one that ', h('code', null, 'trainer token create'), ' made for you. It is traded for a session, which goes with this tab; the token is not kept. A cluster that runs with ',
        h('code', null, '--insecure'), ' asks for none.'),
      form));

  if (code) {
    attempt(async () => await isAgreed() && await signInByCode(code), error => `${error.message} ${AGAIN}`);
  }

  // A link of somebody else's is not to make him of whoever is signed in. False: one stays who one is.
  async function isAgreed() {
    const session = await signedIn();
    if (!session) {
      return true;
    }

    const buttons = h('p', { class: 'buttons' });
    put(question, h('p', { role: 'status' }, `You are signed in as ${session.user || 'the cluster\'s token'}. Sign in anew by this link? Only if it is yours.`), buttons);
    return new Promise(resolve => put(buttons, button('Sign in anew', () => { put(question); resolve(true); }, { class: 'primary' }), button('Stay', () => resolve(false))));
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
