// What the evaluation after the last epoch, or after the best, found: how each class fared, which is taken for which, and the worst mistakes.
import { get, path } from '../api.js';
import { button, facts, h, latest, numbers, patch, put, row, scroller, table } from '../dom.js';
import { count, loss, percent } from '../format.js';
import { gallery, pictures } from '../pictures.js';

const FILES = [['evaluation-best.json', 'Best epoch'], ['evaluation.json', 'Last epoch']];
const MOST_CLASSES = 30; // Of a matrix that can be read.
const MOST_PAIRS = 50;
const PICTURE = 84; // Pixels, at least.

export function create(context, signal) {
  const choice = h('div', { class: 'controls', role: 'group', 'aria-label': 'Which evaluation' });
  const problem = h('p', { class: 'error', role: 'alert' });
  const body = h('div', null, h('p', { class: 'quiet' }, 'Loading'));
  let [file, seen] = [FILES[0][0], ''];
  drawChoice();
  return {
    element: h('div', null, choice, problem, body),
    update(job) {
      const key = `${file} ${job.epochs.length} ${job.state}`;
      if (key !== seen) {
        seen = key;
        read();
      }
    },
  };

  function drawChoice() {
    put(choice, FILES.map(([name, text]) => button(text, () => { file = name; seen = ''; drawChoice(); read(); }, { class: 'chip', 'aria-pressed': String(name === file) })));
  }

  async function read() {
    try {
      const [{ artifacts }, wanted] = [await get(path`/v1/jobs/${context.id}/artifacts`, {}, signal), file];
      const found = artifacts.some(one => one.name === wanted) ? await get(path`/v1/jobs/${context.id}/artifacts/${wanted}`, {}, signal) : null;
      put(problem);
      wanted === file && patch(body, JSON.stringify(found), () => found ? report(found, context, signal) : h('p', { class: 'empty' }, 'There is no such evaluation yet: it is written when the first epoch whose test set is looked at has ended.'));
    } catch (error) {
      signal.aborted || put(problem, `The evaluation cannot be read: ${error.message}`);
    }
  }
}

function report(found, { id, recorded }, signal) {
  const name = label => found.classes[label]?.name || String(label);
  const mistakes = h('div');
  const next = latest(signal);
  showMistakes(null);
  return [
    facts([
      ['epoch', count(found.epoch)], ['step', count(found.step)], ['images', count(found.counted)], ['loss', loss(found.loss)], ['accuracy', percent(found.accuracy)],
      ['top 5', found.classes.length > 5 && percent(found.top5_accuracy)], ['macro precision', percent(found.macro_precision)], ['macro recall', percent(found.macro_recall)], ['macro F1', percent(found.macro_f1)],
    ]),
    h('h3', null, 'What is taken for what'),
    found.classes.length <= MOST_CLASSES ? matrix(found, name, showMistakes) : pairs(found, name, showMistakes),
    h('h3', null, 'Classes'),
    table('Classes', ['Class', ...numbers('Images', 'Precision', 'Recall', 'F1')], found.classes.map(one => row(
      name(one.label), { number: count(one.images) }, { number: percent(one.precision) }, { number: percent(one.recall) }, { number: percent(one.f1) }))),
    mistakes,
  ];

  function showMistakes(pair) {
    const shown = found.mistakes.filter(one => !pair || (one.label === pair.label && one.predicted === pair.predicted));
    const seen = h('div');
    showPictures(seen, recorded ? [] : pair?.examples ?? shown.map(one => one.image), id, next());
    put(mistakes, h('h3', null, pair ? `${name(pair.label)} taken for ${name(pair.predicted)}` : 'Worst mistakes'),
      pair && h('p', null, button('The worst mistakes of all', () => showMistakes(null), { class: 'link' })),
      seen,
      shown.length === 0
        ? h('p', { class: 'empty' }, pair ? 'None of the twenty worst is of this kind.' : 'There are none.')
        : table('Worst mistakes', ['Image', 'Is', 'Taken for', ...numbers('Loss')], shown.map(one => row(one.name, name(one.label), name(one.predicted), { number: loss(one.loss) }))));
  }
}

// The images behind mistakes, as the model got them; where the data are not to be had, it says so and all else stays.
async function showPictures(element, images, id, signal) {
  if (images.length === 0) {
    return;
  }

  try {
    put(element, h('p', { class: 'quiet', role: 'status' }, 'Loading the pictures'));
    const { sheet, samples } = await get(path`/v1/jobs/${id}/samples`, { part: 'EVALUATION', indices: images }, signal);
    const said = i => samples[i].class_names.join(', ');
    put(element, gallery('Pictures behind the mistakes', await pictures(sheet, PICTURE, i => `${samples[i].name}: ${said(i)}`), i => `${said(i)} (${samples[i].index})`));
  } catch (error) {
    signal.aborted || put(element, h('p', { class: 'quiet' }, `The pictures cannot be shown: ${error.message}`));
  }
}

// Rows are labels, columns what their images were taken for; a cell is as dark as its part of the row.
function matrix({ classes, confusions }, name, choose) {
  const cells = new Map(confusions.map(pair => [`${pair.label} ${pair.predicted}`, pair]));
  return scroller('What is taken for what', h('table', { class: 'matrix' },
    h('caption', { class: 'unseen' }, 'What is taken for what: rows are classes, columns what their images were taken for'),
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Is, taken for'), classes.map(({ label }) => h('th', { scope: 'col', class: 'number' }, name(label))))),
    h('tbody', null, classes.map(({ label, images }) => h('tr', null, h('th', { scope: 'row' }, name(label)), classes.map(({ label: predicted }) => {
      const pair = cells.get(`${label} ${predicted}`);
      const cell = h('td', { class: `number ${label === predicted ? 'right' : 'wrong'}` }, !pair ? '' : label === predicted ? count(pair.images)
        : button(count(pair.images), () => choose(pair), { class: 'link', 'aria-label': `${pair.images} of ${name(label)} taken for ${name(predicted)}` }));
      cell.style.setProperty('--share', `${pair ? 50 * pair.images / Math.max(images, 1) : 0}%`);
      return cell;
    }))))));
}

// Of many classes those that are confused most.
function pairs({ classes, confusions }, name, choose) {
  const wrong = confusions.filter(pair => pair.label !== pair.predicted).toSorted((a, b) => b.images - a.images).slice(0, MOST_PAIRS);
  return table('What is taken for what', ['Is', 'Taken for', ...numbers('Images', 'Of its images')], wrong.map(pair => row(
    name(pair.label), button(name(pair.predicted), () => choose(pair), { class: 'link' }), { number: count(pair.images) }, { number: percent(pair.images / Math.max(classes[pair.label].images, 1)) })));
}
