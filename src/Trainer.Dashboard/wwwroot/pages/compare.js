// Runs beside each other: their curves, what differs in what they were asked for, and what they came to.
import { ApiError, get, path } from '../api.js';
import { chartControls } from '../chart-controls.js';
import { COLOURS, expectCharts, lineChart, smoothed } from '../charts.js';
import { Curves, METRICS, tests, timeOfSteps } from '../curves.js';
import { coalesced, every, h, numbers, patch, put, row, table } from '../dom.js';
import { clock, count, digits, duration, loss, number, percent, plural, rate, shortHash } from '../format.js';
import { hasEnded, jobAddress, jobName, lossNow, secondsOf, stateMark, steps, testAccuracy } from '../job-parts.js';
import { leaves, pruned } from '../spec-text.js';

const FORMATS = { loss: digits, accuracy: percent, learning_rate: digits, gradient_norm: digits, images_per_second: rate };
const TESTED = { loss: 'test_loss', accuracy: 'test_accuracy' };
const REFRESH = 3000;
const MOST = 20;
const REST = 150; // Between two drawings, in milliseconds.
const PATIENCE = 1000; // Runs arrive one by one: so long, in milliseconds, they are waited for, and drawn at once; who comes later is drawn when he comes.
const FEW = 8; // Runs whose own lines can be told apart behind the smoothed ones. Of more they are a haze that costs as much as all else.
const MOST_POINTS = 4000; // Of all runs together: what a chart can show. Who looks closer sees more of them.

export async function show(element, place, signal) {
  const ids = [...new Set((place.query.get('ids') ?? '').split(',').filter(id => id.length > 0))].slice(0, MOST);
  if (ids.length < 2) {
    put(element, h('h1', null, 'Compare'), h('p', { class: 'empty' }, 'Tick two jobs or more in ', h('a', { href: '#/jobs' }, 'the list'), ', then choose Compare.'));
    return;
  }

  // The library, the jobs and their curves are on their way at the same time.
  expectCharts();
  let reading = curvesOf(METRICS[0]); // by id, of the metric that is shown
  const answers = await Promise.allSettled(ids.map(id => get(path`/v1/jobs/${id}`, {}, signal)));
  signal.throwIfAborted();
  const outage = answers.find(({ reason }) => reason?.mayPass);
  if (outage) {
    throw outage.reason;
  }

  const runs = answers.flatMap(({ value }, i) => value ? [{ id: ids[i], job: value, curves: null }] : []);
  const missing = answers.flatMap(({ reason }, i) => reason ? [`${ids[i]}: ${reason.message}`] : []);
  if (runs.length === 0) {
    throw new ApiError({ code: 404, message: missing.join(' ') });
  }

  const problem = h('p', { class: 'error', role: 'alert' });
  const metric = h('select', { id: 'metric' }, METRICS.map(name => h('option', { value: name }, name.replaceAll('_', ' '))));
  const results = h('div');
  const differences = h('div');
  const plots = h('div', { class: 'charts one' });
  const drawSoon = coalesced(draw, REST);
  let range = null;
  let chart = null;
  let coming = new Set(); // Runs whose curves are not there yet.
  // By run: what its figures cannot be read for, and since when they are old.
  const outages = new Map();
  metric.addEventListener('change', () => { reading = curvesOf(metric.value); choose(); });
  const controls = chartControls(drawSoon, zoomTo, h('span', { class: 'control' }, h('label', { for: 'metric' }, 'Metric'), metric));
  document.title = `Compare ${runs.length} jobs - Trainer`;
  put(
    element,
    h('h1', null, `Compare ${plural(runs.length, 'job')}`), problem,
    h('h2', null, 'Results'), results,
    h('h2', null, 'Curves'), controls.element, plots,
    h('h2', null, 'What differs in their configs'), differences);
  let plot = new AbortController();
  signal.addEventListener('abort', () => plot.abort());
  choose();
  drawTables();
  drawProblems();
  every(REFRESH, signal, refresh);

  function choose() {
    plot.abort();
    plot = new AbortController();
    chart = lineChart(capital(metric.selectedOptions[0].text), {
      format: FORMATS[metric.value], formatX: x => controls.chosen.byTime ? duration(x) : count(x),
      onZoom: between => controls.chosen.byTime ? between ? zoomTo([0, 1].map(i => timeOf(runs[0]).step(between[i]))) : zoomTo(null) : zoomTo(between),
    }, plot.signal);
    put(plots, chart.element);
    coming = new Set(runs);
    const patient = performance.now() + PATIENCE;
    runs.forEach(run => {
      const { curves, read } = reading.get(run.id);
      run.curves = curves;
      take(run, read).then(() => run.curves === curves && coming.delete(run) && (coming.size === 0 || performance.now() >= patient) && drawSoon());
      range && curves.lookAt(range, signal).then(drawSoon, () => {}); // What it is read for is shown without, too.
    });
    setTimeout(() => coming.size > 0 && drawSoon(), PATIENCE);
  }

  function curvesOf(name) {
    return new Map(ids.map(id => {
      const curves = new Curves(id, [name], Math.round(MOST_POINTS / ids.length));
      const read = curves.read(signal);
      read.catch(() => {}); // Whoever waits for it says so.
      return [id, { curves, read }];
    }));
  }

  function timeOf({ job }) {
    return timeOfSteps(job, job.epochs);
  }

  async function take(run, read) {
    try {
      await read;
      outages.delete(run.id);
    } catch (error) {
      isOld(run, error);
    }

    drawProblems();
  }

  // What has ended is read again where it could not be.
  async function refresh() {
    const going = runs.filter(run => !hasEnded(run.job) || outages.has(run.id));
    await Promise.all(going.map(async run => {
      try {
        run.job = await get(path`/v1/jobs/${run.id}`, {}, signal);
        await take(run, run.curves.read(signal));
      } catch (error) {
        isOld(run, error);
      }
    }));
    if (going.length > 0 && !signal.aborted) {
      drawTables();
      drawProblems();
      drawSoon();
    }
  }

  function isOld(run, { message }) {
    outages.set(run.id, { message, since: outages.get(run.id)?.since ?? Date.now() });
  }

  function drawProblems() {
    const old = runs.filter(({ id }) => outages.has(id)).map(({ id }) => [id, outages.get(id)]);
    patch(problem, JSON.stringify(old), () => [...missing, ...old.map(([id, { message, since }]) => `${id}: ${message} What is shown of it is that of ${clock(since)}.`)].map(text => h('span', null, text, ' ')));
  }

  async function zoomTo(stretch) {
    // Of a metric that has just been chosen nothing has been read yet.
    const last = Math.max(...runs.map(run => Math.max(run.curves.lastStep, run.job.progress?.step ?? 0)));
    range = stretch && [Math.max(1, stretch[0]), Math.min(stretch[1], last)];
    range = range && range[1] - range[0] >= 1 ? range : null;
    controls.show(range);
    drawSoon();
    await Promise.allSettled(runs.map(run => run.curves.lookAt(range, signal)));
    drawSoon();
  }

  function draw() {
    if (signal.aborted) {
      return;
    }

    const { smoothing, log, byTime } = controls.chosen;
    const name = metric.value;
    const lines = runs.flatMap((run, i) => {
      const seconds = byTime ? timeOf(run).seconds : step => step;
      const placed = points => points.map(([step, y]) => [seconds(step), y]);
      const [title, colour, points] = [`${jobName(run.job)} ${run.id}`, i % COLOURS, run.curves.points(name)];
      const tested = TESTED[name] ? tests(run.job, run.job.epochs, TESTED[name]) : [];
      const isSmooth = smoothing > 0 && name !== 'learning_rate';
      return [
        ...(isSmooth && runs.length <= FEW ? [{ name: title, colour, faint: true, points: placed(points) }] : []),
        { name: title, colour, points: placed(isSmooth ? smoothed(points, smoothing) : points) },
        ...(tested.length > 0 ? [{ name: title, label: `${title}, test`, colour, dots: true, dashed: true, points: placed(tested) }] : []),
      ];
    });
    const shown = range && (byTime ? range.map(timeOf(runs[0]).seconds) : range);
    chart.set(lines, { log, range: shown, summary: runs.map(run => `${run.id}: ${FORMATS[name](run.curves.points(name).at(-1)?.[1])} at step ${count(run.curves.lastStep)}`).join(', ') });
  }

  function drawTables() {
    put(results, resultTable(runs));
    put(differences, differenceTable(runs));
  }
}

function resultTable(runs) {
  const hashes = runs.map(({ job }) => job.result?.weights_sha256 ?? '');
  const twins = [...new Set(hashes.filter((hash, i) => hash && hashes.indexOf(hash) !== i))];
  const columns = ['Job', 'State', ...numbers('Steps', 'Loss', 'Train', 'Test', 'Best test', 'Images/s', 'Time'), 'Weights SHA-256'];
  return table('Results', columns, runs.map(({ id, job }, i) => row(
    [h('span', { class: `swatch c${(i % COLOURS) + 1}`, 'aria-hidden': 'true' }), h('a', { class: 'in-text', href: jobAddress(id) }, jobName(job)), ' ', h('span', { class: 'quiet id' }, id)],
    stateMark(job.state), { number: steps(job) }, { number: loss(lossNow(job)) },
    { number: percent(job.result?.train_accuracy ?? job.epochs.at(-1)?.train_accuracy) }, { number: percent(testAccuracy(job)) }, { number: percent(job.result?.best_test_accuracy ?? bestOf(job)) },
    { number: rate(job.result?.images_per_second ?? job.progress?.images_per_second) }, { number: duration(job.result?.seconds ?? secondsOf(job)) },
    [shortHash(hashes[i]), ' ', twins.includes(hashes[i]) && h('span', { class: 'tag' }, twins.length > 1 ? `same weights ${twins.indexOf(hashes[i]) + 1}` : 'same weights')])));
}

const capital = text => text[0].toUpperCase() + text.slice(1);

function bestOf(job) {
  const all = job.epochs.map(epoch => number(epoch.test_accuracy)).filter(Number.isFinite);
  return all.length > 0 ? Math.max(...all) : NaN;
}

function differenceTable(runs) {
  const specs = runs.map(({ job }) => new Map(leaves(pruned(job.spec)).map(([field, value]) => [field, JSON.stringify(value)])));
  const fields = [...new Set(specs.flatMap(spec => [...spec.keys()]))].filter(field => new Set(specs.map(spec => spec.get(field))).size > 1);
  return fields.length === 0 ? h('p', { class: 'empty' }, 'Nothing differs: they were asked for the same.')
    : table('Differences', ['Field', ...runs.map(({ id }) => id)], fields.map(field => row(h('code', null, field), ...specs.map(spec => {
      const value = spec.get(field);
      return value === undefined ? '-' : value.startsWith('"') ? JSON.parse(value) : value;
    }))));
}
