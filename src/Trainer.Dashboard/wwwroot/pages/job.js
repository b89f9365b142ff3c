// One job: what it is now, and a section of what it has done. One stream feeds both.
import { get, path, stream } from '../api.js';
import { words } from '../dialogs.js';
import { coalesced, facts, h, patch, put } from '../dom.js';
import { age, count, loss, percent, rate } from '../format.js';
import { eta, hasEnded, jobAddress, jobName, labelsOf, lossNow, progressBar, stateMark, steps, testAccuracy } from '../job-parts.js';
import { traceLink } from '../trace-link.js';
import { jobActions } from './job-actions.js';

const SECTIONS = [
  { name: 'curves', text: 'Curves', load: () => import('./job-curves.js') },
  { name: 'timeline', text: 'Timeline', load: () => import('./job-timeline.js') },
  { name: 'epochs', text: 'Epochs', load: () => import('./job-epochs.js') },
  { name: 'evaluation', text: 'Evaluation', load: () => import('./job-evaluation.js') },
  { name: 'files', text: 'Checkpoints and files', load: () => import('./job-files.js') },
  { name: 'network', text: 'Network', load: () => import('./job-network.js') },
  { name: 'pictures', text: 'Pictures', load: () => import('./job-pictures.js') },
  { name: 'config', text: 'Config', load: () => import('./job-config.js') },
  { name: 'transitions', text: 'Transitions', load: () => import('./job-transitions.js') },
  { name: 'logs', text: 'Log', load: () => import('./job-logs.js') },
];

/** @param place.recorded of a report, which has no cluster: {time of its recording in milliseconds, sections by name}. */
export async function show(element, place, signal) {
  // What sections see of the page: the job as it is now, and how to take in a newer one.
  const context = { id: place.id, job: await get(path`/v1/jobs/${place.id}`, {}, signal), take, recorded: place.recorded };
  const sections = SECTIONS.filter(({ name }) => place.recorded?.sections.includes(name) ?? true);
  const head = makeHead(context);
  const problem = h('p', { class: 'error', role: 'alert' });
  const tabs = h('nav', { class: 'tabs', 'aria-label': 'Sections of the job' });
  const body = h('div', { class: 'section' });
  let section = null; // {name, update, leave}
  const draw = coalesced(() => {
    if (!signal.aborted) {
      head.update(context.job);
      section?.update?.(context.job);
    }
  });

  put(element, head.element, problem, tabs, body);
  head.update(context.job);
  place.recorded || traceLink(place.id, signal).then(link => { context.trace = link; draw(); }, () => {}); // The page is the same without.
  signal.addEventListener('abort', () => section?.leave.abort());
  follow();
  open(place.section);
  return { update: ({ section: name }) => { open(name); return true; } };

  function take(job) {
    const isBack = hasEnded(context.job) && !hasEnded(job);
    context.job = job;
    draw();
    isBack && follow();
  }

  // Ends with the job's end.
  function follow() {
    hasEnded(context.job) || place.recorded || stream(path`/v1/jobs/${place.id}:watch`, () => ({}), {
      message: take,
      end: () => hasEnded(context.job),
      error: error => put(problem, error.code === 404 ? 'The job was deleted.' : words(error)),
    }, signal);
  }

  async function open(name) {
    const wanted = sections.find(one => one.name === name) ?? sections[0];
    document.title = `${jobName(context.job)} ${wanted.text.toLowerCase()} - Trainer`;
    put(tabs, sections.map(one => h('a', { href: jobAddress(place.id, one.name), 'aria-current': one === wanted && 'page' }, one.text)));
    if (section?.name === wanted.name) {
      return;
    }

    section?.leave.abort();
    const own = section = { name: wanted.name, leave: new AbortController() };
    put(body, h('p', { class: 'quiet' }, 'Loading'));
    try {
      const module = await wanted.load();
      if (section === own && !signal.aborted) {
        const made = module.create(context, own.leave.signal);
        put(body, h('h2', { class: 'unseen' }, wanted.text), made.element);
        own.update = made.update;
        made.update?.(context.job);
      }
    } catch (error) {
      error.code === undefined && console.error(error);
      section === own && put(body, h('p', { class: 'error', role: 'alert' }, error.message));
    }
  }
}

function makeHead(context) {
  const name = h('h1');
  const state = h('p', { class: 'now', role: 'status' });
  const progress = h('div', { class: 'progress-line' });
  const figures = h('div');
  const about = h('div');
  const actions = h('div', { class: 'actions' });
  return {
    element: h('div', { class: 'head' }, context.recorded ? null : h('p', { class: 'path' }, h('a', { href: '#/jobs' }, 'Jobs')), h('div', { class: 'title' }, name, actions), state, progress, figures, about),
    update(job) {
      patch(name, jobName(job), () => [jobName(job), ' ', h('span', { class: 'quiet id' }, job.id)]);
      patch(state, `${job.state} ${job.message}`, () => [stateMark(job.state), ' ', job.message]);
      patch(actions, actionsKey(job), () => jobActions(context));
      put(progress, progressBar(job), h('span', null, `step ${steps(job)}`), job.progress && h('span', null, `epoch ${job.progress.epoch}/${job.progress.total_epochs}`), eta(job) && h('span', null, `ETA ${eta(job)}`));
      put(figures, facts([
        ['loss', loss(lossNow(job))],
        ['train accuracy', percent(job.result?.train_accuracy ?? job.progress?.accuracy ?? job.epochs.at(-1)?.train_accuracy)],
        ['test accuracy', percent(testAccuracy(job))],
        ['best test accuracy', job.result && percent(job.result.best_test_accuracy)],
        ['images/s', rate(job.result?.images_per_second ?? job.progress?.images_per_second)],
        ['workers', job.workers.length > 0 && h('span', { title: job.workers.join(', ') }, job.workers.length <= 4 ? job.workers.join(', ') : count(job.workers.length))],
        ['seconds', job.result && job.result.seconds.toFixed(1)],
      ]));
      // The spec never changes but for its cluster section, of which nothing is shown here.
      patch(about, JSON.stringify([job.labels, job.notes, job.end_time, job.result, job.numerics, context.trace]), () => facts(aboutOf(job, context.trace, id => context.recorded ? id : h('a', { href: jobAddress(id) }, id))));
    },
  };
}

/** @param trace the address where its trace is shown. @param link of another job. */
function aboutOf(job, trace, link) {
  const { compute, gradients } = job.spec?.training ?? {};
  const isExact = (compute ?? 'exact') === 'exact' && (gradients ?? 'fp32') === 'fp32';
  const from = job.spec?.training?.init?.from;
  return [
    ['created', [age(job.create_time), job.creator && ` by ${job.creator}`]],
    ['ended', job.end_time && age(job.end_time)],
    ['exact', isExact ? 'yes' : `no: compute ${compute ?? 'exact'}, gradients ${gradients ?? 'fp32'}`],
    ['numerics', job.numerics],
    ['begins from', from && [link(from.job), ` at step ${from.checkpoint}`]],
    ['verifies', job.verification && [link(job.verification.job), ` from step ${count(job.verification.first_step)} to ${count(job.verification.last_step)}`]],
    ['weights SHA-256', job.result?.weights_sha256 && h('code', { class: 'hash' }, job.result.weights_sha256)],
    ['labels', labelsOf(job).length > 0 && labelsOf(job).map(([key, value]) => h('span', { class: 'label' }, value ? `${key}=${value}` : key))],
    ['notes', job.notes],
    ['trace', trace && h('a', { href: trace, target: '_blank', rel: 'noopener noreferrer' }, 'spans of this job')],
  ];
}

// What decides which buttons there are.
const actionsKey = job => `${job.state} ${job.creator}`;
