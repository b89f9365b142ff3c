// What can be done with a job, by whom, in which state.
import { call, path, post, uuid } from '../api.js';
import { ask, field, notice, words } from '../dialogs.js';
import { button, h, put } from '../dom.js';
import { hasEnded, jobAddress, jobName } from '../job-parts.js';
import { changedLabels, labelFields } from '../labels.js';
import { mayChange, mayMake } from '../session.js';

/** The buttons of a job's page; whoever may not use one does not see it. */
export function jobActions(context) {
  const { id, job } = context;
  const problem = h('p', { class: 'error', role: 'alert' });
  const ended = hasEnded(job);
  const isIdle = job.state === 'SUSPENDED' || job.state === 'SUSPENDING';
  const own = mayChange(job);
  return [
    h('div', { class: 'buttons' },
      own && !ended && !isIdle && job.state !== 'CANCELLING' && button('Suspend', () => now('suspend', 'stops, with nothing lost.')),
      own && isIdle && button('Resume', () => now('resume', 'goes on as soon as it has workers.')),
      own && !ended && button('Scale', () => scale(context)),
      mayMake() && h('a', { class: 'button', href: `#/jobs/new?from=${encodeURIComponent(id)}` }, 'Copy'),
      mayMake() && !job.verification && h('a', { class: 'button', href: `#/jobs/new?from=${encodeURIComponent(id)}&checkpoint=last` }, 'Fork'),
      mayMake() && !job.verification && button('Verify', () => verify(context)),
      own && button('Edit', () => edit(context)),
      own && !ended && job.state !== 'CANCELLING' && button('Cancel', () => cancel(context), { class: 'dangerous' }),
      own && ended && button('Delete', () => remove(context), { class: 'dangerous' })),
    problem,
  ];

  async function now(verb, said) {
    put(problem);
    try {
      context.take(await post(path`/v1/jobs/${id}:` + verb));
      notice(`Job ${id} ${said}`);
    } catch (error) {
      put(problem, words(error));
    }
  }
}

function cancel({ id, job, take }) {
  return ask(`Cancel ${jobName(job)}?`, h('p', null, 'It ends, and cannot go on. Its checkpoints stay, and other jobs can start from them. A job that is to go on later is suspended instead.'), 'Cancel the job',
    async () => take(await post(path`/v1/jobs/${id}:cancel`)), { danger: true });
}

async function remove({ id, job }) {
  const isDone = await ask(`Delete ${jobName(job)}?`, h('p', null, 'The job, its log, its checkpoints and its files go, and do not come back.'), 'Delete the job',
    () => call('DELETE', path`/v1/jobs/${id}`), { danger: true });
  if (isDone) {
    notice(`Job ${id} was deleted.`);
    location.hash = '#/jobs';
  }
}

function scale({ id, job, take }) {
  const { min_workers: min = 1, max_workers: max = '', priority = 0 } = job.spec.cluster ?? {};
  const number = (value, props) => h('input', { type: 'number', value, required: true, ...props });
  const inputs = { min_workers: number(min, { min: 1, max: 4096 }), max_workers: number(max, { min: 1, max: 4096 }), priority: number(priority, { min: -1000, max: 1000 }) };
  return ask(`Scale ${jobName(job)}`, [
    h('p', null, 'The workers change at a step\'s boundary; nothing is trained twice, and the weights are the same on any number of them.'),
    field('Least workers', inputs.min_workers), field('Most workers', inputs.max_workers), field('Priority', inputs.priority, 'Higher ones get workers first, and take them from lower ones.'),
  ], 'Scale', async () => {
    const cluster = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, Number(input.value)]));
    take(await call('PATCH', path`/v1/jobs/${id}`, { query: { update_mask: Object.keys(cluster).map(name => `spec.cluster.${name}`).join(',') }, body: { spec: { cluster } } }));
    notice(`Job ${id} was scaled.`);
  });
}

function edit({ id, job, take }) {
  const rows = labelFields(job.labels);
  const notes = h('textarea', { rows: 4, value: job.notes });
  const before = notes.value;
  return ask(`Edit ${jobName(job)}`, [rows.element, field('Notes', notes)], 'Save', async () => {
    const labels = rows.read();
    const changed = [...changedLabels(job.labels, labels).map(key => `labels.${key}`), ...(notes.value === before ? [] : ['notes'])];
    if (changed.length > 0) {
      take(await call('PATCH', path`/v1/jobs/${id}`, { query: { update_mask: changed.join(',') }, body: { labels, notes: notes.value.trim() } }));
      notice(`Job ${id} was changed.`);
    }
  });
}

async function verify({ id, job }) {
  const [first, last] = [1, 2].map(() => h('input', { type: 'number', min: 1 }));
  const request = uuid();
  let made = null;
  const isDone = await ask(`Verify ${jobName(job)}`, [
    h('p', null, 'A new job computes steps of this one again, on any workers, and compares every state with the hash on record.'),
    field('From step', first, 'Empty: from the newest checkpoint that has a recorded step behind it.'), field('To step', last, 'Empty: to the last one on record.'),
  ], 'Verify', async () => {
    made = await post(path`/v1/jobs/${id}:verify`, { request_id: request, ...(first.value && { first_step: Number(first.value) }), ...(last.value && { last_step: Number(last.value) }) });
  });
  if (isDone) {
    location.hash = jobAddress(made.id);
  }
}
