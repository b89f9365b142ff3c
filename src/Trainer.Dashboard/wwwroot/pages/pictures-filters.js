// The filters of a convolution: the first one's through the epochs, others' as they are.
import { get, path } from '../api.js';
import { h, latest, put } from '../dom.js';
import { count, plural } from '../format.js';
import { gallery, pictures } from '../pictures.js';

const FILTER = 60; // Pixels of a filter, at least.

export function filters({ id }, signal) {
  const layer = h('select', { id: 'filter-layer', on: { change: () => draw() } });
  const epoch = h('input', { id: 'filter-epoch', type: 'range', min: 0, max: 0, value: 0, on: { input: () => draw() } });
  const said = h('output', { for: 'filter-epoch' });
  const problem = h('p', { class: 'error', role: 'alert' });
  const result = h('div');
  const next = latest(signal);
  let [epochs, first, hasWeights] = [[], null, null];
  get(path`/v1/jobs/${id}/model`, {}, signal).then(model => {
    const convolutions = model.layers.map((one, place) => ({ ...one, place })).filter(one => one.kind === 'conv2d');
    first = convolutions[0]?.place ?? null;
    put(layer, convolutions.map(one => h('option', { value: one.place }, `${one.kind} ${one.name}`)));
    first === null ? put(result, h('p', { class: 'empty' }, 'The model has no convolution, and so no filters.')) : draw();
  }, error => signal.aborted || put(problem, error.message));
  return {
    element: h('section', null, h('h3', null, 'Filters'), h('div', { class: 'controls' },
      h('span', { class: 'control' }, h('label', { for: 'filter-layer' }, 'Convolution'), layer),
      h('span', { class: 'control' }, h('label', { for: 'filter-epoch' }, 'Epoch'), epoch, said)), problem, result),
    update(job, checkpoints) {
      hasWeights = Boolean(job.result) || checkpoints.length > 0;
      draw();
    },
  };

  // The rightmost place of the slider is the job's weights as they are.
  async function draw() {
    const own = next();
    if (first === null || hasWeights === null) {
      return;
    }

    const isFirst = Number(layer.value) === first;
    epoch.disabled = !isFirst || epochs.length === 0;
    const past = isFirst && epochs[Number(epoch.value)];
    epoch.setAttribute('aria-valuetext', past ? `epoch ${past}` : 'now');
    if (!past && !hasWeights) {
      put(said, 'now');
      put(result, h('p', { class: 'empty' }, 'There are no weights yet: the job writes a checkpoint when an epoch is the best so far, and every cluster.checkpoint.every_seconds.'));
      return;
    }

    result.childElementCount === 0 && put(result, h('p', { class: 'quiet' }, 'Computing'));
    try {
      const found = await get(path`/v1/jobs/${id}/filters`, past ? { epoch: past } : { layer: layer.value }, own);
      const canvases = await pictures(found.sheet, FILTER, i => found.channels === 3 || found.shape[1] === 1 ? `Filter ${i}` : `Filter ${Math.floor(i / found.channels)}, channel ${i % found.channels}`);
      own.throwIfAborted();
      takeEpochs(found.epochs, past);
      put(problem);
      put(said, past ? String(past) : 'now');
      put(result, h('p', { class: 'quiet' }, words(found)), gallery('Filters', canvases));
    } catch (error) {
      if (!own.aborted) {
        put(result);
        put(problem, error.message);
      }
    }
  }

  function takeEpochs(now, past) {
    if (now.length !== epochs.length) {
      epochs = now;
      epoch.max = epochs.length;
      epoch.value = past ? epochs.indexOf(past) : epochs.length;
      epoch.disabled = Number(layer.value) !== first;
    }
  }
}

function words({ shape: [all, channels, height, width], filters: shown, channels: seen, step }) {
  const part = [shown < all && `the first ${shown} of them`, seen < channels && seen > 1 && `the first ${seen} channels of each`].filter(Boolean).join(', ');
  return `${plural(all, 'filter')} of ${plural(channels, 'channel')}, ${height} x ${width}${part && `; ${part}`}${step > 0 ? `, behind step ${count(step)}` : ''}. Grey is a weight of 0, black and white the filter's largest.`;
}
