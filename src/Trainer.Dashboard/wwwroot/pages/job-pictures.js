// What the job's network has learnt and sees: what layers give for a picture, with two states side by side; filters through the epochs; samples of the data.
import { get, path } from '../api.js';
import { h } from '../dom.js';
import { featureMaps } from './pictures-maps.js';
import { filters } from './pictures-filters.js';
import { samples } from './pictures-samples.js';

export function create(context, signal) {
  const parts = [featureMaps(context, signal), filters(context, signal), samples(context, signal)];
  let seen = '';
  return {
    element: h('div', null, parts.map(part => part.element)),
    update(job) {
      const key = `${job.state} ${job.epochs.length}`;
      if (key !== seen) {
        seen = key;
        get(path`/v1/jobs/${context.id}/checkpoints`, {}, signal).then(
          ({ checkpoints }) => parts.forEach(part => part.update?.(job, checkpoints)),
          () => signal.aborted || parts.forEach(part => part.update?.(job, [])));
      }
    },
  };
}
