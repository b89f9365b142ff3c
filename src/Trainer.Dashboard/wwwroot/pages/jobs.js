// All jobs, as they become: one stream, as many rows as one can read.
import { get, stream } from '../api.js';
import { words } from '../dialogs.js';
import { button, coalesced, every, h, patch, put } from '../dom.js';
import { age, count, loss, number, percent, plural } from '../format.js';
import { eta, jobAddress, jobName, labelsOf, lossNow, progressBar, share, stateMark, steps, testAccuracy } from '../job-parts.js';
import { mayMake, me } from '../session.js';
import { CHIPS, chipOf, hasCreator, withCreator, withLabel, withState } from './jobs-filter.js';

const MOST_ROWS = 200;
const MOST_COMPARED = 20;
const QUIET = 1000; // After so long without a message, in milliseconds, a stream has said what there is.
const REST = 150; // Between two drawings of the list, in milliseconds.

const WAITING = ['QUEUED', 'RECOVERING']; // States in which a job may stand in the queue.

const COLUMNS = [
  { text: 'Job', key: job => jobName(job).toLowerCase() },
  { text: 'State', key: job => job.state },
  { text: 'Progress', key: share },
  { text: 'Workers', key: job => job.workers.length, number: true },
  { text: 'Loss', key: job => number(lossNow(job)), number: true },
  { text: 'Test', key: testAccuracy, number: true },
  { text: 'Creator', key: job => job.creator },
  { text: 'Labels' },
  { text: 'Age', key: job => job.create_time, number: true, descending: true },
];

export function show(element, place, signal) {
  const jobs = new Map();
  const rows = new Map();
  const ticked = new Set();
  let filter = place.query.get('filter') ?? '';
  let order = { column: COLUMNS.at(-1), descending: true };
  let queue = [];
  let state = 'loading'; // then 'there', or an error
  let listening = new AbortController();

  const input = h('input', { id: 'filter', type: 'search', value: filter, spellcheck: 'false', autocomplete: 'off', placeholder: 'state = RUNNING AND labels.team = vision' });
  const problem = h('p', { class: 'error', role: 'alert' });
  const summary = h('p', { class: 'quiet', role: 'status' });
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'States' });
  const compare = h('div', { class: 'compare-bar' });
  const waiting = h('div');
  const head = h('tr');
  const body = h('tbody');
  const table = h('div', { class: 'scroller', role: 'region', tabindex: 0, 'aria-label': 'Jobs' }, h('table', { class: 'jobs' }, h('caption', { class: 'unseen' }, 'Jobs'), h('thead', null, head), body));
  const empty = h('div', { class: 'empty' });
  const draw = coalesced(render, REST);

  put(
    element,
    h('div', { class: 'title' }, h('h1', null, 'Jobs'), mayMake() && h('a', { class: 'button primary', href: '#/jobs/new' }, 'New job')),
    h('form', { class: 'filter', role: 'search', on: { submit: event => { event.preventDefault(); apply(input.value); } } },
      h('label', { for: 'filter' }, 'Filter'), input, h('button', null, 'Apply')),
    chips, problem, waiting, h('div', { class: 'above' }, summary, compare), table, empty);
  input.addEventListener('search', () => apply(input.value));
  signal.addEventListener('abort', () => listening.abort());
  drawHead();
  listen();
  every(3000, signal, readQueue);
  every(15_000, signal, draw);

  return { update: ({ query }) => { apply(query.get('filter') ?? '', false); return true; } };

  // The filter stands in the address, so that it can be kept and sent.
  function apply(text, isNew = true) {
    const wanted = text.trim();
    if (wanted === filter) {
      return;
    }

    filter = input.value = wanted;
    isNew && history.pushState(null, '', wanted ? `#/jobs?filter=${encodeURIComponent(wanted)}` : '#/jobs');
    listening.abort();
    listening = new AbortController();
    listen();
  }

  function listen() {
    drawChips();
    put(problem);
    state = 'loading';
    draw();
    // A stream begins with all that fit, each once: what was shown before and is not among them goes then.
    let [old, said, quiet] = [null, null, 0];
    stream('/v1/jobs:watch', () => ({ filter }), {
      open: () => {
        [old, said] = [new Set(jobs.keys()), new Set()];
        quiet = setTimeout(settled, QUIET);
      },
      message: ({ job, removed }) => {
        if (old) {
          clearTimeout(quiet);
          !job || said.has(job.id) ? settled() : quiet = setTimeout(settled, QUIET);
          job && said?.add(job.id);
        }

        job ? jobs.set(job.id, job) : removed && jobs.delete(removed);
        draw();
      },
      closed: () => clearTimeout(quiet),
      error: error => {
        jobs.clear();
        state = 'refused';
        put(problem, words(error));
        draw();
      },
    }, listening.signal);

    function settled() {
      old.forEach(id => said.has(id) || jobs.delete(id));
      [old, said] = [null, null];
      state = 'there';
      draw();
      readQueue();
    }
  }

  async function readQueue() {
    if (![...jobs.values()].some(job => WAITING.includes(job.state))) {
      queue = [];
      return drawQueue();
    }

    // What is wrong with the connection, the stream says.
    queue = await get('/v1/queue', {}, signal).then(answer => answer.entries, () => queue);
    drawQueue();
    draw();
  }

  function render() {
    if (signal.aborted) {
      return;
    }

    const sorted = [...jobs.values()].sort(compareBy(order));
    const shown = sorted.slice(0, MOST_ROWS);
    for (const id of rows.keys()) {
      jobs.has(id) || rows.delete(id);
    }

    const wanted = shown.map(job => {
      const row = rows.get(job.id) ?? makeRow(job.id);
      rows.set(job.id, row);
      row.update(job);
      return row.element;
    });
    wanted.forEach((row, i) => body.children[i] === row || body.insertBefore(row, body.children[i] ?? null));
    while (body.children.length > wanted.length) {
      body.lastChild.remove();
    }

    table.hidden = shown.length === 0;
    const more = sorted.length - shown.length;
    patch(summary, `${state} ${sorted.length}`, () => state === 'loading' && sorted.length === 0 ? 'Loading jobs'
      : sorted.length === 0 ? ''
      : `${plural(sorted.length, 'job')}${more > 0 ? `. The first ${MOST_ROWS} are shown; ${count(more)} more fit. A filter finds them.` : ''}`);
    patch(empty, state === 'there' && sorted.length === 0 ? `${filter}` : 'none', () => state !== 'there' || sorted.length > 0 ? null : filter
      ? [h('p', null, 'No job fits this filter.'), h('p', null, button('Show all jobs', () => apply('')))]
      : [h('p', null, 'There are no jobs yet. Submit one:'), h('pre', { tabindex: 0, 'aria-label': 'command' }, 'trainer submit examples/lenet-fashion-mnist.yaml')]);
    for (const id of ticked) {
      jobs.has(id) || ticked.delete(id);
    }

    drawCompare();
  }

  function makeRow(id) {
    const tick = h('input', { type: 'checkbox', 'aria-label': `compare ${id}` });
    tick.addEventListener('change', () => {
      tick.checked && ticked.size < MOST_COMPARED ? ticked.add(id) : ticked.delete(id);
      tick.checked = ticked.has(id);
      drawCompare();
    });
    const cells = COLUMNS.map((column, i) => h(i === 0 ? 'th' : 'td', { scope: i === 0 && 'row', class: column.number && 'number' }));
    const element = h('tr', null, h('td', { class: 'tick' }, tick), cells);
    return {
      element,
      update(job) {
        const [name, state, progress, workers, lossCell, test, creator, labels, created] = cells;
        const place = WAITING.includes(job.state) ? queue.findIndex(entry => entry.job === id) : -1;
        patch(name, jobName(job), () => [h('a', { href: jobAddress(id) }, jobName(job)), h('span', { class: 'quiet id' }, id)]);
        patch(state, `${job.state} ${place} ${queue[place]?.message} ${job.message}`, () => [stateMark(job.state), saying(job, place)]);
        patch(progress, `${job.progress?.step} ${job.progress?.total_steps} ${job.state} ${eta(job)}`, () => [
          progressBar(job), h('span', { class: 'quiet' }, steps(job), eta(job) && ` ETA ${eta(job)}`)]);
        patch(workers, job.workers.join(', '), () => h('span', { title: job.workers.join(', ') }, job.workers.length || '-'));
        patch(lossCell, loss(lossNow(job)), () => loss(lossNow(job)));
        patch(test, percent(testAccuracy(job)), () => percent(testAccuracy(job)));
        patch(creator, job.creator, () => job.creator || '-');
        patch(labels, JSON.stringify(job.labels), () => labelsOf(job).map(([key, value]) =>
          h('button', { type: 'button', class: 'label', title: 'show jobs with this label', on: { click: () => apply(withLabel(filter, key, value)) } }, value ? `${key}=${value}` : key)));
        patch(created, job.create_time, () => age(job.create_time));
      },
    };
  }

  // What a row has to say beside its state: why it waits, why it failed.
  function saying(job, place) {
    const text = place >= 0 ? `${place + 1}. in the queue: ${queue[place].message}` : [...WAITING, 'FAILED'].includes(job.state) ? job.message : '';
    return text && h('span', { class: job.state === 'FAILED' ? 'said bad' : 'said', title: text }, text);
  }

  function drawHead() {
    put(head, h('td', { class: 'tick' }, h('span', { class: 'unseen' }, 'Compare')), COLUMNS.map(column => h('th', {
      scope: 'col', class: column.number && 'number', 'aria-sort': order.column === column && (order.descending ? 'descending' : 'ascending'),
    }, column.key ? h('button', { type: 'button', class: 'sort', on: { click: () => sortBy(column) } }, column.text) : column.text)));
  }

  function sortBy(column) {
    const index = COLUMNS.indexOf(column);
    order = { column, descending: order.column === column ? !order.descending : !!(column.descending || column.number) };
    drawHead();
    head.children[index + 1].querySelector('button').focus();
    render();
  }

  function drawChips() {
    const { user } = me.session;
    const current = chipOf(filter);
    put(chips, CHIPS.map(({ text, condition }) => button(text, () => apply(withState(filter, condition)), { class: 'chip', 'aria-pressed': String(current === condition) })),
      user && button('Mine', () => apply(withCreator(filter, user)), { class: 'chip', 'aria-pressed': String(hasCreator(filter, user)) }));
  }

  function drawCompare() {
    patch(compare, [...ticked].join(), () => ticked.size === 0 ? null : [
      ticked.size > 1
        ? h('a', { class: 'button primary', href: `#/compare?ids=${[...ticked].map(encodeURIComponent).join(',')}` }, `Compare ${ticked.size} jobs`)
        : h('span', { class: 'quiet' }, 'Tick another job to compare them.'),
      button('Untick', () => {
        ticked.clear();
        body.querySelectorAll('input').forEach(tick => { tick.checked = false; });
        drawCompare();
      }),
    ]);
  }

  function drawQueue() {
    patch(waiting, JSON.stringify(queue), () => queue.length === 0 ? null : h('details', { class: 'queue', open: waiting.querySelector('details')?.open ?? queue.length <= 5 },
      h('summary', null, `${plural(queue.length, 'job')} in the queue`),
      h('ol', null, queue.slice(0, MOST_ROWS).map(entry => h('li', null,
        h('a', { href: jobAddress(entry.job) }, entry.name), ' ',
        h('span', { class: 'quiet' }, `of ${entry.creator || 'nobody'}, priority ${entry.priority}, since `, age(entry.wait_time), '. '),
        entry.message || `It waits for ${plural(entry.min_workers, 'worker')}.`)))));
  }
}

function compareBy({ column, descending }) {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [column.key(a), column.key(b)];
    // What is no number comes last, whichever way.
    return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : (x < y ? -sign : x > y ? sign : a.id < b.id ? -1 : 1);
  };
}
