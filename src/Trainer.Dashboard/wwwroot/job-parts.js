// What several pages show of a job.
import { h } from './dom.js';
import { count, duration, loss, millis, number } from './format.js';

export const STATES = ['QUEUED', 'STARTING', 'RUNNING', 'RECOVERING', 'SUSPENDING', 'SUSPENDED', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];

export const hasEnded = job => ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(job.state);

export const isTraining = job => ['RUNNING', 'RECOVERING', 'STARTING'].includes(job.state);

/** The state by colour and word. */
export function stateMark(state) {
  return h('span', { class: `state ${state.toLowerCase()}` }, state.toLowerCase());
}

export function jobName(job) {
  return job.verification ? `${job.spec?.name}, verifying ${job.verification.job}` : job.spec?.name || job.id;
}

export const jobAddress = (id, section) => `#/jobs/${encodeURIComponent(id)}${section ? `/${section}` : ''}`;

/** The share of steps that is done, 0 to 1. */
export const share = job => number(job.progress?.total_steps) > 0 ? job.progress.step / job.progress.total_steps : 0;

export function progressBar(job, label) {
  return h('progress', { max: 1, value: share(job), class: job.state.toLowerCase(), 'aria-label': label ?? `progress of ${jobName(job)}` });
}

/** 470/2350 */
export function steps(job) {
  return job.progress ? `${count(job.progress.step)}/${count(job.progress.total_steps)}` : '-';
}

export function eta(job) {
  return job.state === 'RUNNING' && number(job.progress?.eta_seconds) > 0 ? duration(job.progress.eta_seconds) : '';
}

/** The newest test accuracy, of an epoch or within one; NaN: there is none. */
export function testAccuracy(job) {
  if (job.result) {
    return number(job.result.test_accuracy);
  }

  const epoch = job.epochs?.at(-1);
  const within = job.progress?.evaluation;
  return within && (!epoch || within.step > stepOfEpoch(job, epoch.epoch)) ? number(within.test_accuracy) : number(epoch?.test_accuracy);
}

/** The loss of what is trained now, else of the last epoch, as the API has it; "NaN" is one. */
export function lossNow(job) {
  return isTraining(job) && job.progress?.loss ? job.progress.loss : job.result?.loss ?? job.epochs?.at(-1)?.loss;
}

/** What the test set came to; where it was not looked at, the API has NaN for loss and accuracy. */
export function testLoss({ test_loss: value, test_accuracy: accuracy }) {
  return Number.isNaN(number(accuracy)) ? '-' : loss(value);
}

/** The last step of an epoch: epochs have equally many. */
export function stepOfEpoch(job, epoch) {
  const { total_steps: total = 0, total_epochs: epochs = 0 } = job.progress ?? {};
  return epochs > 0 ? Math.round((total * epoch) / epochs) : 0;
}

export function labelsOf(job) {
  return Object.entries(job.labels ?? {});
}

/** Seconds from its creation to its end, or until now. */
export function secondsOf(job) {
  return ((job.end_time ? millis(job.end_time) : Date.now()) - millis(job.create_time)) / 1000;
}
