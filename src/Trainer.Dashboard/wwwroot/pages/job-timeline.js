// Who trained a job, when, what was lost on the way, and what that cost.
import { get, path } from '../api.js';
import { every, h, numbers, patch, put, row, s, scroller, table } from '../dom.js';
import { age, clock, count, digits, duration, millis, moment, number, plural, shortHash } from '../format.js';
import { hasEnded } from '../job-parts.js';
import { checkpointOf, proof, ticks, timeline } from '../timeline.js';

const ROW = 24;
const TOP = 46;
const NAMES = 120;
const MOST_WORKERS = 64;

export function create(context, signal) {
  const problem = h('p', { class: 'error', role: 'alert' });
  const claim = h('div');
  const drawing = h('div', { class: 'timeline' });
  const below = h('div');
  let [entries, checkpoints, seen] = [null, [], ''];
  const sizes = new ResizeObserver(draw);
  sizes.observe(drawing);
  signal.addEventListener('abort', () => sizes.disconnect());
  every(5000, signal, () => hasEnded(context.job) || read());

  return {
    element: h('div', null, problem, claim, drawing, below),
    update(job) {
      const key = `${job.term} ${job.generation} ${job.state}`;
      if (key !== seen) {
        seen = key;
        read();
      }
    },
  };

  async function read() {
    try {
      const [journal, points] = await Promise.all([get(path`/v1/jobs/${context.id}/journal`, {}, signal), get(path`/v1/jobs/${context.id}/checkpoints`, {}, signal)]);
      [entries, checkpoints] = [journal.entries, points.checkpoints];
      put(problem);
      draw();
    } catch (error) {
      signal.aborted || put(problem, `The journal cannot be read: ${error.message}`);
    }
  }

  function draw() {
    if (!entries || signal.aborted) {
      return;
    }

    if (entries.length === 0) {
      put(claim, h('p', { class: 'empty' }, 'No worker has trained this job yet.'));
      put(drawing);
      put(below);
      return;
    }

    patch(claim, JSON.stringify([entries, context.job.state]), () => claimOf(context.job, proof(entries)));
    const left = drawing.firstElementChild?.scrollLeft ?? 0;
    put(drawing, picture(timeline(context.job, entries, context.recorded?.time), checkpoints, Math.max(drawing.clientWidth - 2, 360)));
    drawing.firstElementChild.scrollLeft = left;
    patch(below, JSON.stringify([entries, checkpoints.map(one => one.hash)]), () => [generations(entries, checkpoints), checkpointTable(checkpoints)]);
  }
}

function claimOf(job, { gaps, samples, inherited, steps, redone, lost }) {
  const trained = job.epochs.length;
  const isWhole = job.state === 'SUCCEEDED' && trained > 0 && samples % trained === 0;
  return [
    h('p', { class: gaps.length > 0 ? 'error' : 'good' }, gaps.length > 0
      ? `Generation ${gaps.join(', ')} does not begin where the one before ended.`
      : 'Every generation begins where the one before ended: no step is missing, and none entered the weights twice.'),
    h('p', null,
      `${plural(samples, 'sample')} entered the weights`,
      isWhole ? ` = ${plural(trained, 'epoch')} x ${count(samples / trained)} samples` : `, in ${plural(steps, 'step')}`,
      inherited > 0 && `; ${count(inherited)} of them in the job that it goes on from`,
      `. ${plural(lost, 'worker')} ${lost === 1 ? 'was' : 'were'} lost on the way; ${redone === 1 ? '1 step was' : `${count(redone)} steps were`} computed again.`),
  ];
}

function picture({ first, last, workers, bars, faults }, checkpoints, width) {
  if (bars.length === 0) {
    return h('p', { class: 'quiet' }, 'Nothing was committed yet.');
  }

  const rows = workers.slice(0, MOST_WORKERS);
  const height = TOP + rows.length * ROW + 6;
  const span = Math.max(last - first, 1000);
  const x = time => NAMES + ((time - first) / span) * (width - NAMES - 14);
  const isLong = span > 86_400_000;
  const generations = [...new Set(bars.map(bar => bar.generation))];
  const marks = checkpoints.filter(one => one.create_time && millis(one.create_time) >= first - 1000 && millis(one.create_time) <= last + span * 0.01);
  const summary = `${plural(generations.length, 'generation')} on ${plural(workers.length, 'worker')} from ${moment(first)} to ${moment(last)}; ${plural(faults.length, 'fault')}. The table below has the same facts.`;
  return [
    scroller('Timeline', s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': summary },
      ticks(first, last, width / 130).map(time => [
        s('line', { class: 'grid', x1: x(time), x2: x(time), y1: TOP - 8, y2: height }),
        s('text', { class: 'tick-text', x: x(time), y: TOP - 12 }, isLong ? moment(time).slice(5, 16) : clock(time)),
      ]),
      rows.map((worker, i) => s('text', { class: 'worker-text', x: 8, y: TOP + i * ROW + 16 }, worker.length > 17 ? `${worker.slice(0, 16)}…` : worker, s('title', null, worker))),
      bars.filter(bar => rows.includes(bar.worker)).map(({ generation, worker, from, to, entry }) => {
        const [left, wide] = [x(from), Math.max(x(to) - x(from), 1.5)];
        return s('g', null,
          s('rect', { class: `bar ${generations.indexOf(generation) % 2 ? 'odd' : 'even'}`, x: left, width: wide, y: TOP + rows.indexOf(worker) * ROW + 3, height: ROW - 6, rx: 2 },
            s('title', null, `generation ${generation}, ${worker}\n${moment(from)} to ${clock(to)} (${duration((to - from) / 1000)})\nsteps ${count(entry.from_step)} to ${count(number(entry.from_step) + number(entry.steps) - 1)}`)),
          wide > 7 * generation.length + 8 && s('text', { class: 'bar-text', x: left + 4, y: TOP + rows.indexOf(worker) * ROW + 16 }, generation));
      }),
      marks.map((one, i) => {
        const at = x(millis(one.create_time));
        // Where there is room for it before the next one.
        const hasText = (i + 1 < marks.length ? x(millis(marks[i + 1].create_time)) : width) - at > 76;
        return s('g', null,
          s('path', { class: 'checkpoint', d: `M${at} 4l5 5l-5 5l-5 -5z` }, s('title', null, `checkpoint of step ${count(one.step)}\n${one.hash}\n${moment(one.create_time)}`)),
          hasText && s('text', { class: 'hash-text', x: at + 8, y: 13 }, one.hash.slice(0, 8)));
      }),
      faults.map(({ at, entry, seconds }) => s('g', null,
        s('line', { class: 'fault', x1: x(at), x2: x(at), y1: TOP - 8, y2: height }),
        s('path', { class: 'fault-head', d: `M${x(at) - 5} ${TOP - 9}h10l-5 8z` }, s('title', null, faultText(at, entry, seconds))))))),
    h('p', { class: 'legend' },
      h('span', { class: 'mark checkpoint' }), 'checkpoint, with its hash ', faults.length > 0 && [h('span', { class: 'mark fault' }), 'fault '],
      workers.length > rows.length && `The first ${MOST_WORKERS} of ${count(workers.length)} workers are shown.`),
  ];
}

function faultText(at, { reason, lost, steps_redone: redone }, seconds) {
  return `${reason}: ${lost.join(', ') || 'nobody'} lost\n${moment(at)}\n${Number.isFinite(seconds) ? `back after ${duration(seconds)}, ` : ''}${plural(number(redone), 'step')} computed again`;
}

function generations(entries, checkpoints) {
  const columns = ['Generation', ...numbers('From step', 'Steps', 'Samples'), 'Members (shards)', 'Reason', 'Lost', ...numbers('Back after', 'Redone'), 'Began', 'Hash behind it'];
  return [h('h3', null, 'Generations'), table('Generations', columns, entries.toReversed().map(entry => {
    const checkpoint = checkpointOf(entry, checkpoints);
    const back = (millis(entry.first_commit_time) - millis(entry.fault_time)) / 1000;
    return row(
      entry.generation, { number: count(entry.from_step) }, { number: count(entry.steps) }, { number: count(entry.samples) },
      entry.members.map(({ worker, shards }, i) => [i > 0 && ', ', h('span', { class: 'whole' }, `${worker} (${shards})`)]),
      entry.detail ? `${entry.reason}: ${entry.detail}` : entry.reason,
      entry.lost.length > 0 ? entry.lost.map((worker, i) => [i > 0 && ', ', h('span', { class: 'bad whole' }, worker)]) : '-',
      { number: Number.isFinite(back) ? `${digits(back)} s` : '-' }, { number: count(entry.steps_redone) }, age(entry.first_commit_time),
      checkpoint ? [shortHash(checkpoint.hash, 16), h('span', { class: 'quiet' }, ` step ${count(checkpoint.step)}`)] : '-');
  }))];
}

function checkpointTable(checkpoints) {
  return checkpoints.length > 0 && [h('h3', null, 'Hashes of checkpoints'), table('Hashes of checkpoints', [...numbers('Step', 'Item'), 'Hash of the state', 'Written'],
    checkpoints.toReversed().map(one => row({ number: count(one.step) }, { number: count(one.item) }, h('code', { class: 'hash' }, one.hash), age(one.create_time))))];
}
