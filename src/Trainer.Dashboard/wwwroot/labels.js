// Labels as rows of key and value: a value may hold any sign.
import { button, h } from './dom.js';

const KEY = '[a-z0-9]([a-z0-9_.\\/\\-]*[a-z0-9])?'; // As the coordinator has it.

/** @returns {element, read(): the labels as they stand there} */
export function labelFields(labels) {
  const rows = h('div');
  Object.entries(labels ?? {}).forEach(([key, value]) => add(key, value));
  return {
    element: h('fieldset', { class: 'labels' }, h('legend', null, 'Labels'), rows, button('Add a label', () => add('', '').querySelector('input').focus())),
    read() {
      const all = [...rows.children].map(row => [...row.querySelectorAll('input')].map(input => input.value.trim())).filter(([key, value]) => key || value);
      const twice = all.find(([key], i) => all.findIndex(([other]) => other === key) < i);
      if (twice) {
        throw new Error(`The label ${twice[0]} is there twice.`);
      }

      return Object.fromEntries(all);
    },
  };

  function add(key, value) {
    const row = h('div', { class: 'label-row' },
      h('input', { type: 'text', value: key, pattern: KEY, maxlength: 63, autocomplete: 'off', placeholder: 'key', 'aria-label': 'key of a label', title: 'lower-case letters, digits and -, _, . or / between them' }),
      h('input', { type: 'text', value, maxlength: 255, autocomplete: 'off', placeholder: 'value', 'aria-label': 'value of a label' }),
      button('Remove', () => row.remove(), { 'aria-label': `Remove the label ${key}` }));
    rows.append(row);
    return row;
  }
}

/** Keys of labels that are new, gone, or have another value. */
export function changedLabels(old, labels) {
  return [...new Set([...Object.keys(old ?? {}), ...Object.keys(labels)])].filter(key => old?.[key] !== labels[key]);
}
