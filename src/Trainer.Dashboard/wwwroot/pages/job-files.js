// Checkpoints, which one pins and forks from, and files, which one downloads.
import { get, path, post, request } from '../api.js';
import { notice, words } from '../dialogs.js';
import { button, every, h, numbers, patch, put, row, table } from '../dom.js';
import { age, bytes, count, percent, shortHash } from '../format.js';
import { hasEnded, jobAddress, testLoss } from '../job-parts.js';
import { mayChange, mayMake } from '../session.js';

const USER = 'user';

export function create(context, signal) {
  const { id } = context;
  const checkpoints = h('div');
  const artifacts = h('div');
  const problem = h('p', { class: 'error', role: 'alert' });
  let seen = '';
  let downloads = 0;

  // They come while the job trains, now and then.
  every(10_000, signal, () => hasEnded(context.job) || read());

  return {
    element: h('div', null, problem, h('h3', null, 'Checkpoints'), checkpoints, h('h3', null, 'Files'), artifacts),
    update(job) {
      const key = `${job.state} ${job.epochs.length} ${job.generation}`;
      if (key !== seen) {
        seen = key;
        read();
      }
    },
  };

  async function read() {
    try {
      const [points, files] = await Promise.all([get(path`/v1/jobs/${id}/checkpoints`, {}, signal), get(path`/v1/jobs/${id}/artifacts`, {}, signal)]);
      put(problem);
      patch(checkpoints, JSON.stringify(points.checkpoints), () => drawCheckpoints(points.checkpoints));
      downloads > 0 || patch(artifacts, JSON.stringify(files.artifacts), () => drawArtifacts(files.artifacts));
    } catch (error) {
      signal.aborted || put(problem, `Checkpoints and files cannot be read: ${error.message}`);
    }
  }

  function drawCheckpoints(all) {
    if (all.length === 0) {
      return h('p', { class: 'empty' }, 'There is no checkpoint yet. One is written every cluster.checkpoint.every_seconds, when an epoch is the best so far, and when the job is suspended.');
    }

    const columns = [...numbers('Step', 'Epochs'), 'Hash of the state', ...numbers('Test loss', 'Test', 'Size'), 'Written', 'Held by', 'Actions'];
    return table('Checkpoints', columns, all.toReversed().map(one => row(
      { number: [one.best && h('span', { class: 'tag' }, 'best'), ' ', count(one.step)] }, { number: count(one.epochs) }, shortHash(one.hash, 16), { number: testLoss(one) }, { number: percent(one.test_accuracy) },
      { number: bytes(one.bytes) }, age(one.create_time),
      one.pinned_by.length === 0 ? '-' : one.pinned_by.map((holder, i) => [i > 0 && ', ', holder === USER ? 'pin' : h('a', { href: jobAddress(holder) }, holder)]),
      h('span', { class: 'buttons' },
        mayChange(context.job) && pinButton(one),
        mayMake() && h('a', { class: 'button', href: `#/jobs/new?from=${encodeURIComponent(id)}&checkpoint=${one.step}`, 'aria-label': `Fork from step ${one.step}` }, 'Fork')))));
  }

  function pinButton({ step, pinned_by: holders }) {
    const verb = holders.includes(USER) ? 'unpin' : 'pin';
    return button(verb === 'pin' ? 'Pin' : 'Unpin', async () => {
      try {
        await post(path`/v1/jobs/${id}/checkpoints/${step}:` + verb);
        notice(verb === 'pin' ? `The checkpoint of step ${step} stays until it is unpinned.` : `The checkpoint of step ${step} goes as others do.`);
        await read();
      } catch (error) {
        put(problem, words(error));
      }
    }, { 'aria-label': `${verb} the checkpoint of step ${step}` });
  }

  function drawArtifacts(all) {
    return all.length === 0
      ? h('p', { class: 'empty' }, hasEnded(context.job) ? 'The job has left no files.' : 'There are no files yet. Weights come with the job\'s end, metrics.jsonl with each epoch.')
      : table('Files', ['Name', ...numbers('Size'), 'Changed', 'Actions'], all.map(file => row(h('code', null, file.name), { number: bytes(file.bytes) }, age(file.modify_time), downloadOf(file))));
  }

  // By fetch, since a link carries no token.
  function downloadOf(file) {
    const cell = h('span', { class: 'buttons' });
    const start = button('Download', download, { 'aria-label': `Download ${file.name}` });
    put(cell, start);
    return cell;

    async function download() {
      const stop = new AbortController();
      const bar = h('progress', { max: 1, value: 0, 'aria-label': `download of ${file.name}` });
      const text = h('span', { class: 'quiet' });
      const leave = () => stop.abort();
      downloads++;
      signal.addEventListener('abort', leave);
      put(cell, bar, text, button('Stop', leave));
      try {
        const response = await request('GET', path`/v1/jobs/${id}/artifacts/${file.name}`, { signal: stop.signal });
        const parts = [];
        let received = 0;
        for (const reader = response.body.getReader(); ;) {
          const { value, done } = await reader.read();
          if (done) {
            break;
          }

          parts.push(value);
          received += value.length;
          bar.value = received / Math.max(file.bytes, 1);
          text.textContent = `${bytes(received)} of ${bytes(file.bytes)}`;
        }

        save(new Blob(parts), `${id}-${file.name}`);
        put(cell, start, h('span', { class: 'quiet' }, 'downloaded'));
      } catch (error) {
        put(cell, start, stop.signal.aborted ? null : h('span', { class: 'error', role: 'alert' }, error.name === 'ApiError' ? error.message : `The download broke off. trainer download ${id} goes on where it was.`));
      } finally {
        downloads--;
        signal.removeEventListener('abort', leave);
      }
    }
  }
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
