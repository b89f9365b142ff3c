// What one chooses of charts: smoothing, scale, steps or time, and a stretch of steps for those who have no mouse.
import { button, h } from './dom.js';

/**
 * @param changed called with what is chosen: {smoothing, log, byTime}; onZoom with [first, last] in steps, or null.
 * @returns {element, chosen, show(range)}
 */
export function chartControls(changed, onZoom, ...more) {
  const chosen = { smoothing: 0.6, log: false, byTime: false };
  const slider = h('input', { type: 'range', id: 'smoothing', min: 0, max: 0.99, step: 0.01, value: chosen.smoothing });
  const shown = h('output', { for: 'smoothing' }, chosen.smoothing.toFixed(2));
  const log = h('input', { type: 'checkbox', id: 'log' });
  const x = h('select', { id: 'x' }, h('option', { value: 'step' }, 'step'), h('option', { value: 'time' }, 'time'));
  const [first, last] = ['First step', 'Last step'].map(name => h('input', { type: 'number', min: 1, 'aria-label': name, placeholder: name.toLowerCase() }));
  slider.addEventListener('input', () => {
    chosen.smoothing = Number(slider.value);
    shown.value = chosen.smoothing.toFixed(2);
    changed(chosen);
  });
  log.addEventListener('change', () => { chosen.log = log.checked; changed(chosen); });
  x.addEventListener('change', () => { chosen.byTime = x.value === 'time'; changed(chosen); });
  const form = h('form', { class: 'stretch-form' }, first, h('span', { 'aria-hidden': 'true' }, 'to'), last, h('button', null, 'Zoom'), button('All', () => onZoom(null)));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const range = [Number(first.value) || 1, Number(last.value) || Number.MAX_SAFE_INTEGER];
    onZoom(range[0] < range[1] ? range : null);
  });
  return {
    chosen,
    element: h('div', { class: 'controls', role: 'group', 'aria-label': 'Charts' },
      ...more,
      h('span', { class: 'control' }, h('label', { for: 'smoothing' }, 'Smoothing'), slider, shown),
      h('span', { class: 'control' }, log, h('label', { for: 'log' }, 'Log scale')),
      h('span', { class: 'control' }, h('label', { for: 'x' }, 'By'), x),
      form),
    show(range) {
      [first.value, last.value] = range ? [Math.ceil(range[0]), Math.floor(range[1])] : ['', ''];
    },
  };
}
