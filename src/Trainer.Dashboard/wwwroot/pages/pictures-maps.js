// What a layer gives for a picture: one of those that the job is evaluated on, or one's own; two states of the job side by side.
import { get, path, post } from '../api.js';
import { button, h, latest, numbers, put, row, table } from '../dom.js';
import { count, percent, plural } from '../format.js';
import { hasEnded } from '../job-parts.js';
import { gallery, pictures, upload } from '../pictures.js';

const MAP = 72; // Pixels of a map, at least.
const IMAGE = 168;
const NOTHING = 'nothing';

export function featureMaps({ id }, signal) {
  const layer = h('select', { id: 'map-layer', on: { change: draw } });
  const sample = h('input', { id: 'map-sample', type: 'number', min: 0, value: 0, on: { change: draw } });
  const file = h('input', { id: 'map-file', type: 'file', accept: 'image/png,image/jpeg,image/webp,image/bmp', on: { change: draw } });
  const states = ['First state', 'Second state'].map((label, i) => h('select', { 'aria-label': label, on: { change: draw } }, i === 1 && h('option', { value: NOTHING }, 'nothing')));
  const problem = h('p', { class: 'error', role: 'alert' });
  const status = h('p', { class: 'quiet', role: 'status' });
  const result = h('div', { class: 'beside' });
  const next = latest(signal);
  let offered = '';
  get(path`/v1/jobs/${id}/model`, {}, signal).then(model => {
    put(layer, model.layers.map((one, i) => h('option', { value: i }, `${one.kind}${one.name && ` ${one.name}`} (${one.output.join(' x ')})`)));
    draw();
  }, error => signal.aborted || put(problem, error.message));
  return {
    element: h('section', null, h('h3', null, 'What a layer gives'), h('div', { class: 'controls' },
      h('span', { class: 'control' }, h('label', { for: 'map-layer' }, 'Layer'), layer),
      h('span', { class: 'control' }, h('label', { for: 'map-sample' }, 'Image'), button('Previous', () => step(-1), { 'aria-label': 'Previous image' }), sample, button('Next', () => step(1), { 'aria-label': 'Next image' })),
      h('span', { class: 'control' }, h('label', { for: 'map-file' }, 'or one of your own'), file, button('Without it', () => { file.value = ''; draw(); })),
      h('span', { class: 'control' }, 'State', states[0], 'beside', states[1])), problem, status, result),
    update(job, checkpoints) {
      const choices = [hasEnded(job) && job.result ? ['', 'the result'] : checkpoints.length > 0 ? ['', 'the last checkpoint'] : null,
        ...checkpoints.toReversed().map(one => [String(one.step), `step ${count(one.step)}${one.best ? ', the best' : ''}`])].filter(Boolean);
      if (JSON.stringify(choices) !== offered) {
        offered = JSON.stringify(choices);
        states.forEach((select, i) => {
          const before = select.value;
          put(select, i === 1 && h('option', { value: NOTHING }, 'nothing'), choices.map(([value, text]) => h('option', { value }, text)));
          select.value = [...select.options].some(option => option.value === before) ? before : select.options[0]?.value ?? '';
        });
        draw();
      }
    },
  };

  function step(by) {
    file.value = '';
    sample.value = Math.max(0, Number(sample.value) + by);
    draw();
  }

  async function draw() {
    const own = next();
    if (layer.options.length === 0 || offered === '') {
      return;
    }

    put(problem);
    if (states[0].options.length === 0) {
      put(status, 'There are no weights to look through yet: the job writes a checkpoint when an epoch is the best so far, and every cluster.checkpoint.every_seconds.');
      return;
    }

    put(status, 'Computing');
    try {
      const [picture, shrunk] = file.files[0] ? await upload(file.files[0]) : [null, false];
      const views = [];
      let words = null;
      for (const { value, text } of states.map(select => select.selectedOptions[0]).filter(option => option.value !== NOTHING)) {
        const answer = await post(path`/v1/jobs/${id}/feature-maps`, { checkpoint: value, layer: Number(layer.value), ...(picture ? { upload: picture } : { sample: Number(sample.value) }) }, own);
        views.push(await view(answer, text));
        words ??= said(answer, shrunk);
      }

      own.throwIfAborted();
      put(status, words);
      put(result, views);
    } catch (error) {
      if (!own.aborted) {
        put(status);
        put(result);
        put(problem, error.message);
      }
    }
  }
}

function said(answer, shrunk) {
  const { image, label, class_name: name, resized } = answer;
  return [image && `${image}${label !== undefined ? `: ${name || label}` : ''}.`, shrunk && ' The picture was made smaller before it was sent.', resized && ' The picture was brought to the size that the model takes.'];
}

// What is no number is a word.
const digits = value => typeof value === 'number' ? value.toPrecision(4) : value;

async function view(answer, title) {
  const name = one => one.class_name || String(one.label);
  const input = await pictures(answer.input, IMAGE, () => 'The image as the model gets it, before it becomes floats');
  const maps = answer.maps ? await pictures(answer.maps, MAP, i => `Channel ${i}: ${digits(answer.ranges[i].least)} (black) to ${digits(answer.ranges[i].greatest)} (white)`) : null;
  const channels = answer.shape[0];
  const units = answer.shape.reduce((product, size) => product * size);
  return h('div', null, h('h4', null, `${title}${answer.name && `, layer ${answer.name}`}`, answer.step > 0 && h('span', { class: 'quiet' }, ` behind step ${count(answer.step)}`)),
    h('div', { class: 'guesses' }, input, table('What the model takes it for', ['Class', ...numbers('Probability')], answer.guesses.map(one => row(name(one), { number: percent(one.probability) })))),
    maps
      ? [h('p', { class: 'quiet' }, maps.length < channels ? `The first ${maps.length} of ${plural(channels, 'channel')}` : plural(channels, 'channel'), ', each from its least value (black) to its greatest (white)'), gallery('Feature maps', maps)]
      : [h('p', { class: 'quiet' }, answer.values.length < units ? `The first ${answer.values.length} of ${plural(units, 'unit')}` : plural(units, 'unit')),
        table('What the layer gives', ['Unit', ...numbers('Value')], answer.values.map((value, i) => row(String(i), { number: digits(value) })))]);
}
