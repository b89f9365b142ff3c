// Questions before something happens. A dialog closes by Escape, but not while it does what was asked for, and gives the focus back.
import { button, h, put } from './dom.js';

/**
 * @param content nodes of the form; `act` is called when it is submitted: where it fails the dialog stays and says why. `danger`: what happens cannot be undone.
 * @returns whether it was done.
 */
export function ask(title, content, yes, act, { danger = false } = {}) {
  return new Promise(resolve => {
    const problem = h('p', { class: 'error', role: 'alert' });
    const submit = h('button', { class: danger ? 'danger' : 'primary' }, yes);
    const back = button('Back', () => dialog.close());
    const form = h('form', null,
      h('h2', { id: 'dialog-title' }, title),
      content,
      problem,
      h('p', { class: 'buttons' }, submit, back));
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
    let done = false;
    form.addEventListener('submit', async event => {
      event.preventDefault();
      submit.disabled = back.disabled = true;
      put(problem);
      try {
        await act();
        done = true;
        dialog.close();
      } catch (error) {
        // Its page may have been left.
        dialog.open ? put(problem, words(error)) : notice(words(error));
        submit.disabled = back.disabled = false;
      }
    });
    const stay = event => back.disabled && event.preventDefault();
    dialog.addEventListener('cancel', stay);
    dialog.addEventListener('keydown', event => event.key === 'Escape' && stay(event)); // A second Escape is no cancel that one can refuse.
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Whoever leaves a page leaves its dialogs. */
export function closeDialogs() {
  document.querySelectorAll('dialog').forEach(dialog => dialog.close());
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
