// Samples of the job's data as its transforms make them, in the order of an epoch.
import { get, path } from '../api.js';
import { button, h, latest, put } from '../dom.js';
import { count } from '../format.js';
import { gallery, pictures } from '../pictures.js';

const SAMPLE = 112; // Pixels, at least.
const PAGE = 32;

export function samples({ id }, signal) {
  const part = h('select', { id: 'sample-part', on: { change: () => { from = 0; draw(); } } }, h('option', { value: 'TRAIN' }, 'training set'), h('option', { value: 'EVALUATION' }, 'evaluation set'));
  const epoch = h('input', { id: 'sample-epoch', type: 'number', min: 1, value: 1, on: { change: () => { from = 0; draw(); } } });
  const said = h('span', { class: 'quiet', role: 'status' });
  const problem = h('p', { class: 'error', role: 'alert' });
  const result = h('div', null, h('p', { class: 'quiet' }, 'Reading'));
  const next = latest(signal);
  let [from, all] = [0, 0];
  draw();
  return {
    element: h('section', null, h('h3', null, 'Samples'), h('p', { class: 'quiet' }, 'As the transforms make them, before they become floats. Another epoch draws other crops, flips and colours.'), h('div', { class: 'controls' },
      h('span', { class: 'control' }, h('label', { for: 'sample-part' }, 'Of the'), part),
      h('span', { class: 'control' }, h('label', { for: 'sample-epoch' }, 'Epoch'), epoch),
      h('span', { class: 'control' }, button('Previous', () => turn(-PAGE), { 'aria-label': 'Previous samples' }), button('Next', () => turn(PAGE), { 'aria-label': 'Next samples' }), said)), problem, result),
  };

  function turn(by) {
    from = Math.max(0, from + by < all ? from + by : from);
    draw();
  }

  async function draw() {
    const own = next();
    try {
      const found = await get(path`/v1/jobs/${id}/samples`, { part: part.value, epoch: epoch.value, first: from, count: PAGE }, own);
      const canvases = await pictures(found.sheet, SAMPLE, i => `${found.samples[i].name}: ${classesOf(found.samples[i])}`);
      own.throwIfAborted();
      all = found.set_samples;
      put(problem);
      put(said, `${count(from + 1)} to ${count(from + found.samples.length)} of ${count(all)}`);
      put(result, gallery('Samples', canvases, i => classesOf(found.samples[i])));
    } catch (error) {
      if (!own.aborted) {
        put(said);
        put(result);
        put(problem, error.message);
      }
    }
  }
}

const classesOf = sample => sample.class_names.join(', ') || 'no class';
