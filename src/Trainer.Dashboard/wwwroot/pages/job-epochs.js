// The epochs that a job has closed.
import { h, numbers, patch, row, table } from '../dom.js';
import { count, digits, duration, loss, number, percent, rate } from '../format.js';
import { testLoss } from '../job-parts.js';

export function create(context) {
  const element = h('div');
  return { element, update: job => patch(element, `${job.epochs.length} ${job.epochs.at(-1)?.epoch}`, () => draw(job)) };
}

function draw({ epochs }) {
  if (epochs.length === 0) {
    return h('p', { class: 'empty' }, 'No epoch has ended yet.');
  }

  const best = Math.max(...epochs.map(epoch => number(epoch.test_accuracy)).filter(Number.isFinite));
  return table('Epochs', numbers('Epoch', 'Loss', 'Train', 'Test loss', 'Test', 'Images/s', 'Time', 'Learning rate', 'Ignored samples'), epochs.toReversed().map(epoch => row(
    { number: count(epoch.epoch) }, { number: loss(epoch.loss) }, { number: percent(epoch.train_accuracy) }, { number: testLoss(epoch) },
    { number: [number(epoch.test_accuracy) === best && h('span', { class: 'tag' }, 'best'), ' ', percent(epoch.test_accuracy)] },
    { number: rate(epoch.images_per_second) }, { number: duration(epoch.seconds) }, { number: digits(epoch.learning_rate) }, { number: count(epoch.ignored_samples) })));
}
