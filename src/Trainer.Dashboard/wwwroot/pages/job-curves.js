// What the steps came to, as charts.
import { chartControls } from '../chart-controls.js';
import { lineChart, smoothed } from '../charts.js';
import { Curves, means, METRICS, PHASES, tests, timeOfSteps } from '../curves.js';
import { h, patch, put } from '../dom.js';
import { count, digits, duration, loss, percent, rate } from '../format.js';
import { hasEnded } from '../job-parts.js';

const STRETCHES = 300;
const PHASE_NAMES = ['data', 'forward', 'backward', 'all-reduce, waiting for others', 'optimizer'];

export function create(context, signal) {
  const curves = new Curves(context.id, [...METRICS, ...PHASES]);
  const problem = h('p', { class: 'error', role: 'alert' });
  const empty = h('p', { class: 'empty' });
  const controls = chartControls(draw, zoomTo);
  let range = null;
  let readAt = 0;
  let waiting = 0;
  const formatX = x => controls.chosen.byTime ? duration(x) : count(x);
  const chart = (title, options) => lineChart(title, { ...options, formatX, onZoom: between => zoomTo(between && (controls.chosen.byTime ? between.map(time().step) : between)) }, signal);
  const charts = {
    loss: chart('Loss', { format: digits }),
    accuracy: chart('Accuracy', { format: percent }),
    learning_rate: chart('Learning rate', { format: digits }),
    gradient_norm: chart('Gradient norm', { format: digits }),
    images_per_second: chart('Images per second', { format: rate }),
    phases: chart('Seconds of a step', { format: y => `${digits(y)} s` }),
  };
  const grid = h('div', { class: 'charts' }, Object.values(charts).map(one => one.element));
  const element = h('div', null, controls.element, problem, empty, grid);
  signal.addEventListener('abort', () => clearTimeout(waiting));
  document.addEventListener('visibilitychange', read, { signal }); // Of a job that has ended there is no other news.

  return { element, update: read };

  // At most once a second, and once more behind the last news.
  function read() {
    if (waiting === 0 && !document.hidden) {
      waiting = setTimeout(async () => {
        await readNow();
        waiting = 0;
        context.job.progress && curves.lastStep < context.job.progress.step && !hasEnded(context.job) && !signal.aborted && read();
      }, Math.max(0, readAt + 1000 - Date.now()));
    }
  }

  async function readNow() {
    readAt = Date.now();
    try {
      if (curves.lastStep === 0 || curves.lastStep < (context.job.progress?.step ?? 0)) {
        await curves.read(signal);
      }

      put(problem);
    } catch (error) {
      signal.aborted || put(problem, `The curves cannot be read: ${error.message}`);
    }

    signal.aborted || draw();
  }

  async function zoomTo(stretch) {
    range = stretch && [Math.max(1, stretch[0]), Math.min(stretch[1], Math.max(curves.lastStep, 2))];
    range = range && range[1] - range[0] >= 1 ? range : null;
    controls.show(range);
    draw();
    try {
      await curves.lookAt(range, signal);
      signal.aborted || draw();
    } catch (error) {
      signal.aborted || put(problem, `Finer curves cannot be read: ${error.message}`);
    }
  }

  function time() {
    return timeOfSteps(context.job, context.job.epochs);
  }

  function draw() {
    const { smoothing, log, byTime } = controls.chosen;
    const { job } = context;
    const seconds = byTime ? time().seconds : null;
    const placed = points => seconds ? points.map(([step, y]) => [seconds(step), y]) : points;
    const looked = range ?? [1, Math.max(curves.lastStep, 2)];
    const shown = seconds ? looked.map(seconds) : looked;
    const line = (name, colour, points) => smoothing > 0
      ? [{ name, colour, faint: true, points: placed(points) }, { name, colour, points: placed(smoothed(points, smoothing)) }]
      : [{ name, colour, points: placed(points) }];

    patch(empty, `${curves.lastStep > 0} ${hasEnded(job)}`, () => curves.lastStep > 0 ? null
      : job.verification ? 'A job that verifies another one leaves no curves: they are that job\'s.'
      : hasEnded(job) ? 'The job has no steps on record.' : 'There are no steps yet. Curves begin with the first one.');
    empty.hidden = curves.lastStep > 0;
    grid.hidden = curves.lastStep === 0;
    charts.gradient_norm.element.hidden = !curves.has('gradient_norm');
    for (const [metric, of] of [['loss', 'test_loss'], ['accuracy', 'test_accuracy']]) {
      const [trained, tested] = [curves.points(metric), tests(job, job.epochs, of)];
      const words = metric === 'loss' ? loss : percent;
      charts[metric].set(
        [...line('train', 0, trained), ...(tested.length > 0 ? [{ name: 'test', colour: 1, dots: true, points: placed(tested) }] : [])],
        { log, range: shown, summary: `Step ${count(curves.lastStep)}: train ${words(trained.at(-1)?.[1])}${tested.length > 0 ? `, test ${words(tested.at(-1)[1])} at step ${count(tested.at(-1)[0])}` : ''}.` });
    }

    for (const metric of ['learning_rate', 'gradient_norm', 'images_per_second']) {
      const points = curves.points(metric);
      charts[metric].set(metric === 'learning_rate' ? [{ name: 'learning rate', colour: 0, points: placed(points) }] : line(metric.replaceAll('_', ' '), 0, points),
        { log, range: shown, summary: `Step ${count(curves.lastStep)}: ${digits(points.at(-1)?.[1])}.` });
    }

    const phases = means(curves, PHASES, STRETCHES);
    charts.phases.set(
      phases.map((points, i) => ({ name: PHASE_NAMES[i], colour: i, stacked: true, points: placed(points) })),
      { range: shown, summary: `Last: ${phases.map((points, i) => `${PHASE_NAMES[i]} ${digits(points.at(-1)?.[1])} s`).join(', ')}.` });
  }
}
