// A job as a file: the job's page, with answers of the API that were recorded in place of a cluster (src/Trainer.Dashboard/ReportPage.cs).
import { h, every, put } from './dom.js';
import { moment, refreshAges } from './format.js';
import { parse } from './json.js';
import { show } from './pages/job.js';

const LEVELS = ['INFO', 'WARN', 'ERROR'];

/** id of the job; time and version of the cluster's program; answers by path. */
const record = parse(document.getElementById('record').textContent);
const { id, time, answers } = record;
const own = name => answers[`/v1/jobs/${id}${name}`];

// Only what there is something to show of.
const sections = [
  ['curves', own('/metrics')?.series.length > 0],
  ['timeline', own('/journal')?.entries.length > 0],
  ['epochs', own('').epochs.length > 0],
  ['evaluation', own('/artifacts')?.artifacts.length > 0],
  ['network', own('/model') !== undefined],
  ['config', true],
  ['transitions', own('').transitions.length > 0],
  ['logs', own('/logs')?.length > 0],
].filter(([, isThere]) => isThere).map(([name]) => name);

globalThis.fetch = async address => {
  const [path, search] = address.split('?');
  const found = answers[path];
  return found === undefined
    ? Response.json({ error: { status: 'NOT_FOUND', message: 'The report does not have it.' } }, { status: 404 })
    : new Response(path.endsWith('/logs') ? lines(found, new URLSearchParams(search)) : JSON.stringify(path.endsWith('/metrics') ? within(found, new URLSearchParams(search)) : found));
};

// Steps as they were thinned: there are no finer ones.
function within({ series }, query) {
  const [first, last] = [Number(query.get('first_step') ?? 0), Number(query.get('last_step') ?? Infinity)];
  return { series: series.map(({ metric, points }) => ({ metric, points: points.filter(({ step }) => step >= first && step <= last) })) };
}

function lines(entries, query) {
  const [after, source, level] = [Number(query.get('after_sequence') ?? 0), query.get('source'), LEVELS.indexOf(query.get('level'))];
  return entries.filter(entry => entry.sequence > after && (!source || entry.source === source) && LEVELS.indexOf(entry.level) >= level).map(entry => `${JSON.stringify(entry)}\n`).join('');
}

const section = () => /^#\/jobs\/[^/]+\/([^/?]+)/.exec(location.hash)?.[1];
const { signal } = new AbortController();
put(document.getElementById('written'), 'as it was at ', h('time', { datetime: time }, moment(time)), `, by version ${record.version}`);
every(5000, signal, refreshAges);
const main = document.getElementById('main');
put(main);
const page = await show(main, { id, section: section(), recorded: { time: Date.parse(time), sections } }, signal);
addEventListener('hashchange', () => page.update({ section: section() }));
