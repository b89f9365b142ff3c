// What the job's network has learnt and sees: what layers give for a picture, with two states side by side; filters through the epochs; samples of the data.
import { get, path } from '../api.js';
import { h, latest, put } from '../dom.js';
import { featureMaps } from './pictures-maps.js';
import { filters } from './pictures-filters.js';
import { samples } from './pictures-samples.js';

export function create(context, signal) {
  const parts = [featureMaps(context, signal), filters(context, signal), samples(context, signal)];
  const problem = h('p', { class: 'error', role: 'alert' });
  const next = latest(signal);
  let seen = '';
  return {
    element: h('div', null, problem, parts.map(part => part.element)),
    update(job) {
      const key = `${job.state} ${job.epochs.length}`;
      if (key !== seen) {
        seen = key;
        read(job, next());
      }
    },
  };

  async function read(job, own) {
    try {
      const { checkpoints } = await get(path`/v1/jobs/${context.id}/checkpoints`, {}, own);
      put(problem);
      parts.forEach(part => part.update?.(job, checkpoints));
    } catch (error) {
      if (!own.aborted) {
        seen = ''; // The next word of the job tries again.
        put(problem, `Checkpoints cannot be read: ${error.message}`);
      }
    }
  }
}
