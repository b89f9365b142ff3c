// The machines: workers and what each does, the coordinator, and data sets that were pushed.
import { get, path, post } from '../api.js';
import { ask, notice } from '../dialogs.js';
import { button, every, facts, h, numbers, patch, put, row, table } from '../dom.js';
import { age, bytes, count, duration, percent, shortHash } from '../format.js';
import { jobAddress, stateMark } from '../job-parts.js';
import { isAdmin } from '../session.js';

const REFRESH = 3000;
const MOST_ROWS = 300;
const DONE = { drain: 'takes no new job', undrain: 'may take jobs again', adopt: 'was adopted', release: 'was released' };
const RECENT = 5; // Seconds.

export function show(element, place, signal) {
  const problem = h('p', { class: 'error', role: 'alert' });
  const [about, workers, quarantines, dataSets] = Array.from({ length: 4 }, () => h('div'));
  put(element, h('h1', null, 'Cluster'), problem, about, h('p', { class: 'quiet' }, 'Of several coordinators, the one that answers this browser is shown.'), h('h2', null, 'Workers'), workers, quarantines, h('h2', null, 'Data sets'), dataSets);
  read();
  readDataSets();
  every(REFRESH, signal, read);
  every(10 * REFRESH, signal, readDataSets);

  async function read() {
    try {
      const [info, list] = await Promise.all([get('/v1/info', {}, signal), get('/v1/workers', {}, signal)]);
      put(problem);
      patch(about, JSON.stringify([info.jobs, info.workers, info.idle_workers, info.coordinator, info.version]), () => aboutOf(info));
      patch(workers, JSON.stringify(list.workers.map(worker => ({ ...worker, last_seen_seconds: Math.floor(worker.last_seen_seconds / RECENT) }))), () => workersOf(list.workers));
      patch(quarantines, JSON.stringify(list.quarantines), () => quarantinesOf(list.quarantines));
    } catch (error) {
      signal.aborted || put(problem, `The cluster cannot be read: ${error.message}`);
    }
  }

  async function readDataSets() {
    try {
      const all = [];
      for (let token = ''; ;) {
        const answer = await get('/v1/data-sets', { page_size: 1000, page_token: token }, signal);
        all.push(...answer.data_sets);
        token = answer.next_page_token;
        if (!token) {
          break;
        }
      }

      patch(dataSets, JSON.stringify(all), () => dataSetsOf(all));
    } catch (error) {
      signal.aborted || (dataSets.patchKey = undefined, put(dataSets, h('p', { class: 'error', role: 'alert' }, `The data sets cannot be read: ${error.message}`)));
    }
  }

  function workersOf(all) {
    if (all.length === 0) {
      return h('p', { class: 'empty' },
        'There are no workers. On one machine ', h('code', null, 'trainer up --workers 2'), ' starts a cluster that has some; ', h('code', null, 'trainer node --help'), ' says how one is added.');
    }

    const columns = ['Worker', 'State', 'Job', 'Device', ...numbers('Threads'), 'Numerics', 'Process', 'Machine', ...numbers('Last seen'), ...(isAdmin() ? ['Actions'] : [])];
    return [
      table('Workers', columns, all.slice(0, MOST_ROWS).map(worker => row(
        worker.name, workerState(worker), worker.job ? h('a', { href: jobAddress(worker.job) }, worker.job) : '-', worker.device === worker.device_kind ? worker.device : `${worker.device} (${worker.device_kind})`,
        { number: count(worker.threads) }, h('span', { class: 'whole' }, worker.numerics), worker.node, shortHash(worker.machine),
        { number: worker.last_seen_seconds < RECENT ? 'now' : `${duration(worker.last_seen_seconds)} ago` }, ...(isAdmin() ? [actionsOf(worker)] : [])))),
      all.length > MOST_ROWS && h('p', { class: 'quiet' }, `The first ${MOST_ROWS} of ${count(all.length)} workers are shown. All of them: `, h('code', null, 'trainer workers')),
    ];
  }

  function actionsOf(worker) {
    const { name, job } = worker;
    return h('span', { class: 'buttons' },
      worker.orphaned && action('Adopt', name, 'adopt', `The store takes in job ${job}, with all its workers: it goes on from what they hold.`),
      worker.orphaned && action('Release', name, 'release', `The worker drops what it holds of job ${job}, and is free. What no other worker holds is lost.`, true),
      worker.draining
        ? action('Undrain', name, 'undrain', 'It may take jobs again.')
        : action('Drain', name, 'drain', `It takes no new job${job ? `, and leaves job ${job} at a step's boundary with nothing lost` : ''}.`));
  }

  function action(text, name, verb, means, danger = false) {
    return button(text, async () => {
      const isDone = await ask(`${text} ${name}?`, h('p', null, means), text, () => post(path`/v1/workers/${name}:` + verb), { danger });
      if (isDone) {
        notice(`Worker ${name} ${DONE[verb]}.`);
        await read();
      }
    }, { 'aria-label': `${text} ${name}` });
  }

  function quarantinesOf(all) {
    return all.length > 0 && [
      h('h2', null, 'Quarantine'),
      h('p', null, 'The memory of these changed what it held. No job is granted a worker there until an admin clears them.'),
      table('Quarantine', ['Machine', 'Device', 'Worker', 'Job', 'Reason', 'Since', ...(isAdmin() ? ['Actions'] : [])], all.map(one => row(
        one.machine, one.device || 'all', one.worker, one.job ? h('a', { href: jobAddress(one.job) }, one.job) : '-', one.reason, age(one.time),
        ...(isAdmin() ? [button('Clear', async () => {
          const isDone = await ask(`Clear ${one.machine}?`, h('p', null, 'Jobs are granted workers there again.'), 'Clear', () => post(path`/v1/workers/${one.machine}:clear`, one.device ? { device: one.device } : {}));
          isDone && await read();
        }, { 'aria-label': `Clear ${one.machine} ${one.device}` })] : [])))),
    ];
  }
}

function workerState(worker) {
  const [text, colour] = worker.quarantined ? ['in quarantine', 'failed']
    : worker.orphaned ? ['orphaned', 'failed']
    : worker.draining ? ['draining', 'suspending']
    : worker.job ? ['working', 'running'] : ['idle', 'queued'];
  return h('span', { class: `state ${colour}` }, text);
}

function aboutOf(info) {
  const { release, api, numerics, cluster_protocol: protocol } = info.version;
  return facts([
    ['coordinator that answers', info.coordinator], ['runs since', age(info.start_time)], ['release', release], ['API', api], ['numerics of new jobs', numerics], ['cluster protocol', protocol],
    ['workers', `${count(info.workers)}, ${count(info.idle_workers)} idle`],
    ['jobs', info.jobs.length > 0 && info.jobs.map(({ state, count: many }, i) => [i > 0 && ', ', h('a', { href: `#/jobs?filter=${encodeURIComponent(`state = ${state}`)}` }, `${count(many)} ${state.toLowerCase()}`)])],
  ]);
}

function dataSetsOf(all) {
  return all.length === 0
    ? [h('p', { class: 'empty' }, 'No data sets were pushed. Push one:'), h('pre', { tabindex: 0, 'aria-label': 'command' }, 'trainer data push pictures NAME')]
    : table('Data sets', ['Name', 'State', ...numbers('Size', 'Training', 'Test', 'Classes'), 'Creator', 'Begun', 'SHA-256'], all.map(one => row(
      one.name,
      [stateMark(one.state), one.state === 'UPLOADING' && ` ${percent(one.received_bytes / Math.max(one.bytes, 1))}`, one.problem && h('span', { class: 'said bad', title: one.problem }, one.problem)],
      { number: bytes(one.bytes) },
      { number: one.state === 'READY' ? count(one.train_samples) : '-' }, { number: one.state === 'READY' ? count(one.test_samples) : '-' }, { number: one.state === 'READY' ? count(one.classes) : '-' },
      one.creator, age(one.create_time), shortHash(one.sha256))));
}
