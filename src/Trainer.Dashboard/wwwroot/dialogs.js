// Questions before something happens. A dialog closes by Escape, and gives the focus back.
import { h, put } from './dom.js';

/**
 * @param content nodes of the form; `act` is called when it is submitted: where it fails the dialog stays and says why. `danger`: what happens cannot be undone.
 * @returns whether it was done.
 */
export function ask(title, content, yes, act, { danger = false } = {}) {
  return new Promise(resolve => {
    const problem = h('p', { class: 'error', role: 'alert' });
    const submit = h('button', { class: danger ? 'danger' : 'primary' }, yes);
    const form = h('form', null,
      h('h2', { id: 'dialog-title' }, title),
      content,
      problem,
      h('p', { class: 'buttons' }, submit, h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Back')));
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
    let done = false;
    form.addEventListener('submit', async event => {
      event.preventDefault();
      submit.disabled = true;
      put(problem);
      try {
        await act();
        done = true;
        dialog.close();
      } catch (error) {
        put(problem, words(error));
        submit.disabled = false;
      }
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** An error with the fields that it is about. */
export function words(error) {
  const violations = (error.violations ?? []).filter(({ field, description }) => !error.message.includes(description) || !error.message.includes(field));
  return [error.message, ...violations.map(({ field, description }) => ` ${field} ${description}.`)].join('');
}

/** A labelled field of a form. */
export function field(label, input, hint) {
  const id = (input.id ||= `field-${label.toLowerCase().replace(/[^a-z]+/g, '-')}`);
  hint && input.setAttribute('aria-describedby', `${id}-hint`);
  return h('div', { class: 'field' }, h('label', { for: id }, label), input, hint && h('span', { class: 'quiet', id: `${id}-hint` }, hint));
}

/** Says in the shell what has happened, for a while. */
export function notice(text) {
  const place = document.getElementById('notice');
  put(place, text);
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => put(place), 8000);
}

/** "team=vision, run=3" as {team: 'vision', run: '3'}. */
export function readLabels(text) {
  return Object.fromEntries(text.split(',').map(label => label.trim()).filter(label => label.length > 0).map(label => {
    const [key, ...value] = label.split('=');
    return [key.trim(), value.join('=').trim()];
  }));
}

export function writeLabels(labels) {
  return Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).join(', ');
}
