// The layers of the job's model as a graph beside what they cost, and what a unit of one sees of the image.
import { get, path } from '../api.js';
import { button, facts, h, put, s, scroller } from '../dom.js';
import { bytes, count, plural } from '../format.js';
import { lanes, seen } from '../lanes.js';

const LANE = 14;
const ROW = 30;
const END = ROW + 2; // Of a lane: over the row's border.
const LONGEST = 448; // Pixels of the picture's longer side.

export function create(context, signal) {
  const element = h('div', null, h('p', { class: 'quiet' }, 'Loading'));
  get(path`/v1/jobs/${context.id}/model`, {}, signal).then(
    model => put(element, describe(model, signal)),
    error => signal.aborted || put(element, h('p', { class: 'error', role: 'alert' }, error.message)));
  return { element };
}

function describe(model, signal) {
  const field = receptiveField(model, signal);
  const { rows, width } = lanes(model.layers);
  const most = Math.max(1, ...model.layers.map(layer => layer.multiply_adds));
  const image = { name: '', kind: 'image', output: model.input, parameters: 0, multiply_adds: 0 };
  const chosen = new Map();
  const body = [image, ...model.layers].map((layer, i) => h('tr', null,
    h('td', { class: 'lanes' }, picture(rows[i], width)),
    h('th', { scope: 'row' }, i === 0 ? layer.kind : chooser(layer)),
    h('td', null, layer.name && h('code', null, layer.name)),
    h('td', { class: 'number' }, layer.output.join(' x ')),
    h('td', { class: 'number' }, layer.parameters > 0 ? count(layer.parameters) : ''),
    h('td', { class: 'number' }, layer.multiply_adds > 0 && [h('meter', { min: 0, max: most, value: layer.multiply_adds, 'aria-hidden': 'true' }), ' ', count(layer.multiply_adds)]),
    h('td', { class: 'number' }, layer.receptive_field?.join(' x '))));
  choose(model.layers.findLast(layer => layer.output.length === 3) ?? model.layers.at(-1));
  const head = ['Layer', 'Name', 'Output', 'Parameters', 'Multiply-adds', 'Sees'].map((text, i) => h('th', { scope: 'col', class: i > 1 && 'number' }, text));
  return [
    facts([
      ['layers', count(model.layers.length)],
      ['parameters', `${count(model.parameters)} (${bytes(model.parameters * 4)})`],
      ['multiply-adds', `${count(model.multiply_adds)} an image, forward`],
      ['memory', `${bytes(model.training_bytes)} an image to train, ${bytes(model.evaluation_bytes)} to evaluate`],
    ]),
    h('div', { class: 'network' },
      scroller('Layers', h('table', null, h('caption', { class: 'unseen' }, 'Layers'), h('thead', null, h('tr', null, h('td'), head)), h('tbody', null, body))),
      field.element),
  ];

  function chooser(layer) {
    const one = button(layer.kind, () => choose(layer), { class: 'link', 'aria-pressed': 'false' });
    chosen.set(layer, one);
    return one;
  }

  function choose(layer) {
    chosen.forEach((one, of) => one.setAttribute('aria-pressed', String(of === layer)));
    field.show(layer);
  }
}

// What leads to a row from above, what passes by, and what goes on below.
function picture({ lane, from, through, on }, width) {
  const x = at => at * LANE + LANE / 2;
  const [middle, place] = [ROW / 2, x(lane)];
  return s('svg', { width: width * LANE, height: ROW, 'aria-hidden': 'true' },
    through.map(at => s('path', { d: `M${x(at)} 0V${END}` })),
    from.map(at => s('path', { d: at === lane ? `M${place} 0V${middle}` : `M${x(at)} 0C${x(at)} ${middle} ${place} 0 ${place} ${middle}` })),
    on && s('path', { d: `M${place} ${middle}V${END}` }),
    s('circle', { cx: place, cy: middle, r: 4 }));
}

/** A frame of the image's size, or a picture of one's own, which stays in the browser, with what one unit sees. */
function receptiveField({ input }, signal) {
  const [height, width] = input.length === 3 ? input.slice(1) : [1, input.at(-1)];
  const scale = Math.max(1, Math.min(32, Math.floor(LONGEST / Math.max(height, width))));
  const canvas = h('canvas', { width: width * scale, height: height * scale, role: 'img' });
  const words = h('p', { role: 'status' });
  const title = h('h3');
  const [row, column] = ['row', 'column'].map(name => h('input', { type: 'number', min: 0, 'aria-label': `${name} of the unit`, on: { input: draw } }));
  const file = h('input', { type: 'file', accept: 'image/*', id: 'own-picture' });
  let [layer, picture] = [null, null];
  file.addEventListener('change', async () => {
    try {
      picture = file.files[0] ? await createImageBitmap(file.files[0]) : null;
      draw();
    } catch {
      put(words, `${file.files[0].name} is no picture that this browser reads.`);
    }
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw, { signal });
  canvas.addEventListener('pointermove', event => {
    if (layer.output.length === 3) {
      const box = canvas.getBoundingClientRect();
      const place = (share, units) => Math.min(units - 1, Math.max(0, Math.floor(share * units)));
      [row.value, column.value] = [place((event.clientY - box.top) / box.height, layer.output[1]), place((event.clientX - box.left) / box.width, layer.output[2])];
      draw();
    }
  });
  return {
    element: h('div', { class: 'sight' }, title, h('div', { class: 'controls' }, h('span', { class: 'control' }, 'Unit', row, column)), canvas, words,
      h('p', null, h('label', { for: 'own-picture' }, 'A picture of your own (it stays in this browser): '), file)),
    show(shown) {
      layer = shown;
      const [down, across] = units();
      Object.assign(row, { value: Math.floor(down / 2), max: down - 1, disabled: down === 1 });
      Object.assign(column, { value: Math.floor(across / 2), max: across - 1, disabled: across === 1 });
      put(title, `What a unit of ${layer.kind}${layer.name && ` ${layer.name}`} sees`);
      draw();
    },
  };

  function units() {
    return layer.output.length === 3 ? layer.output.slice(1) : [1, 1];
  }

  function draw() {
    const [down, across] = units();
    const at = [Math.min(Math.max(Number(row.value), 0), down - 1), Math.min(Math.max(Number(column.value), 0), across - 1)];
    const box = seen(layer, ...at);
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext('2d');
    context.fillStyle = style.getPropertyValue('--raised');
    context.fillRect(0, 0, canvas.width, canvas.height);
    picture && context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.fillStyle = context.strokeStyle = style.getPropertyValue('--series-2');
    context.globalAlpha = 0.35;
    context.fillRect(box.left * scale, box.top * scale, box.width * scale, box.height * scale);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeRect(box.left * scale, box.top * scale, box.width * scale, box.height * scale);
    const clipped = (from, length, size) => `${Math.max(0, from)} to ${Math.min(size, from + length) - 1}`;
    const outside = box.top < 0 || box.left < 0 || box.top + box.height > height || box.left + box.width > width;
    const text = `Unit (${at.join(', ')}) of ${plural(down * across, 'unit')} a channel sees rows ${clipped(box.top, box.height, height)} and columns ${clipped(box.left, box.width, width)} of ${height} x ${width}${outside ? ', and padding beyond' : ''}.`;
    put(words, text);
    canvas.setAttribute('aria-label', text);
  }
}
