// A job's spec as JSON, with what the coordinator says of it beside the line that it is about.
import { ApiError, get, path, post, uuid } from '../api.js';
import { field, notice, words } from '../dialogs.js';
import { button, h, put } from '../dom.js';
import { plural } from '../format.js';
import { jobAddress } from '../job-parts.js';
import { parse } from '../json.js';
import { labelFields } from '../labels.js';
import { mayMake } from '../session.js';
import { JsonFault, lineAt, placeOf, places, pruned } from '../spec-text.js';

const STARTER = {
  name: 'lenet-fashion-mnist',
  model: { zoo: 'lenet' },
  data: { dataset: 'fashion-mnist' },
  training: { epochs: 10, batch_size: 256, optimizer: { sgd: { lr: 0.9 } } },
};

export async function show(element, place, signal) {
  if (!mayMake()) {
    put(element, h('h1', null, 'New job'), h('p', null, 'Your role sees jobs and makes none. An admin gives you a token of another role: ', h('code', null, 'trainer token create --role operator'), '.'));
    return;
  }

  const from = place.query.get('from');
  const begun = from ? await forked(from, place.query.get('checkpoint'), signal) : { spec: STARTER, labels: {}, title: 'New job' };
  const text = h('textarea', { id: 'spec', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', wrap: 'off', value: JSON.stringify(begun.spec, null, 2), 'aria-describedby': 'faults' });
  const gutter = h('div', { class: 'gutter', 'aria-hidden': 'true' });
  const faults = h('div', { id: 'faults', class: 'faults', role: 'status' }, h('p', { class: 'quiet' }, 'Validate says what is wrong, and creates nothing.'));
  const labels = labelFields(begun.labels);
  const notes = h('textarea', { rows: 2, autocomplete: 'off' });
  const validate = button('Validate', () => send(true));
  const submit = h('button', { class: 'primary' }, 'Submit');
  let marked = new Set();
  // The same job is not made twice where the answer to the first try got lost.
  let attempt = { text: '', id: '' };

  text.addEventListener('input', () => { marked = new Set(); drawGutter(); });
  text.addEventListener('scroll', () => { gutter.scrollTop = text.scrollTop; });
  put(
    element,
    h('h1', null, begun.title),
    begun.note && h('p', null, begun.note),
    h('form', { on: { submit: event => { event.preventDefault(); send(false); } } },
      h('div', { class: 'spec' },
        h('div', { class: 'editor' }, h('label', { for: 'spec' }, 'Spec, as JSON'), h('div', { class: 'sheet' }, gutter, text)),
        faults),
      h('div', { class: 'fields' }, labels.element, field('Notes', notes)),
      h('p', { class: 'buttons' }, submit, validate)),
    h('p', { class: 'quiet' }, 'Fields are those of a job file. A job file itself is submitted by ', h('code', null, 'trainer submit FILE'), '.'));
  drawGutter();

  async function send(validateOnly) {
    const sent = text.value;
    const body = read(sent);
    if (!body) {
      return;
    }

    const same = JSON.stringify(body);
    attempt = attempt.text === same ? attempt : { text: same, id: uuid() };
    submit.disabled = validate.disabled = true;
    put(faults, h('p', { class: 'quiet' }, validateOnly ? 'Validating' : 'Submitting'));
    try {
      const job = await post('/v1/jobs', { ...body, ...(validateOnly ? { validate_only: true } : { request_id: attempt.id }) }, signal);
      if (validateOnly) {
        marked = new Set();
        drawGutter();
        put(faults, h('p', { class: 'good' }, 'The job can run.'));
      } else {
        notice(`Job ${job.id} was submitted.`);
        location.hash = jobAddress(job.id);
      }
    } catch (error) {
      signal.aborted || refused(error, sent);
    } finally {
      submit.disabled = validate.disabled = false;
    }
  }

  function read(sent) {
    try {
      places(sent);
      return { spec: parse(sent), labels: labels.read(), notes: notes.value.trim() };
    } catch (error) {
      error instanceof JsonFault ? list('This is not JSON.', [{ field: '', description: error.message, at: error.at }], sent) : list(error.message, [], sent);
      return null;
    }
  }

  // Somebody may have gone on writing meanwhile.
  function refused(error, sent) {
    const found = places(sent);
    const all = (error.violations ?? []).map(fault => ({ ...fault, at: fault.field === 'body' || /^(labels|notes|request_id)\b/.test(fault.field) ? null : placeOf(found, fault.field) }));
    all.length > 0 ? list(`The job cannot run: ${plural(all.length, 'fault')}.`, all, sent) : list(words(error), [], sent);
  }

  function list(heading, all, sent) {
    const lined = all.map(fault => ({ ...fault, line: fault.at === null ? null : lineAt(sent, fault.at) }));
    marked = new Set(lined.map(fault => fault.line));
    drawGutter();
    put(faults, h('p', { class: 'error' }, heading), lined.length > 0 && h('ul', null, lined.map(({ field, description, line, at }) => h('li', null,
      line !== null && button(`Line ${line}`, () => go(at, line), { class: 'link' }), ' ', field && h('code', null, field), ' ', description))));
  }

  function go(at, line) {
    const end = text.value.indexOf('\n', at);
    text.focus();
    text.setSelectionRange(at, end < 0 ? text.value.length : end);
    text.scrollTop = (line - 4) * parseFloat(getComputedStyle(text).lineHeight);
  }

  function drawGutter() {
    const lines = text.value.split('\n').length;
    put(gutter, Array.from({ length: lines }, (_, i) => h('span', { class: marked.has(i + 1) && 'bad' }, i + 1)));
    gutter.scrollTop = text.scrollTop;
  }
}

/** What another job was asked for; with a checkpoint, going on from it, as `trainer fork` writes it. */
async function forked(id, step, signal) {
  const [job, { checkpoints }] = await Promise.all([get(path`/v1/jobs/${id}`, {}, signal), step ? get(path`/v1/jobs/${id}/checkpoints`, {}, signal) : { checkpoints: [] }]);
  const spec = pruned(job.spec);
  if (!step) {
    return { spec, labels: job.labels, title: 'New job', note: ['It begins as a copy of ', h('a', { href: jobAddress(id) }, id), '.'] };
  }

  const checkpoint = step === 'last' ? checkpoints.at(-1) : checkpoints.findLast(one => String(one.step) === step);
  if (!checkpoint) {
    throw new ApiError({ code: 404, message: `Job ${id} has no checkpoint${step === 'last' ? ' yet' : ` of step ${step} any more`}. Its checkpoints are on the job's page.` });
  }

  spec.training.init = { from: { job: id, checkpoint: String(checkpoint.step), hash: checkpoint.hash } };
  return {
    spec, labels: job.labels, title: 'Fork',
    note: [`It goes on from step ${checkpoint.step} of `, h('a', { href: jobAddress(id) }, id), '. With ', h('code', null, '"take": "weights"'), ' in init.from it takes the weights alone, and begins at step 0.'],
  };
}
