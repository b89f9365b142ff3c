// The curves of a job's steps: what is there of them, what is new, and finer where one looks closer.
import { get, path } from './api.js';
import { number } from './format.js';
import { stepOfEpoch } from './job-parts.js';

export const PHASES = ['data_seconds', 'forward_seconds', 'backward_seconds', 'allreduce_seconds', 'optimizer_seconds'];
export const METRICS = ['loss', 'accuracy', 'learning_rate', 'gradient_norm', 'images_per_second'];

const MOST_POINTS = 1000; // The lowest and the highest value of as many stretches as half of that: a chart is hardly wider.

/** Holds the curves of one job. All points are [step, value]. */
export class Curves {
  #whole = new Map();
  #fine = new Map();
  #range = null; // [first, last] of the finer points
  #last = 0;
  #looks = 0;
  #reading = null;

  constructor(id, metrics, mostPoints = MOST_POINTS) {
    Object.assign(this, { id, metrics, mostPoints: Math.min(mostPoints, MOST_POINTS) });
  }

  get lastStep() {
    return this.#last;
  }

  has(metric) {
    return (this.#whole.get(metric)?.length ?? 0) > 0;
  }

  points(metric) {
    const whole = this.#whole.get(metric) ?? [];
    if (!this.#range) {
      return whole;
    }

    const [first, last] = this.#range;
    return [...whole.filter(([step]) => step < first), ...(this.#fine.get(metric) ?? []), ...whole.filter(([step]) => step > last)];
  }

  /** What is new behind the last step that is known; all of it again where the points have become too many. */
  read(signal) {
    this.#reading ??= this.#read(signal).finally(() => { this.#reading = null; });
    return this.#reading;
  }

  async #read(signal) {
    const isLong = Math.max(0, ...[...this.#whole.values()].map(points => points.length)) > 2 * this.mostPoints;
    const first = isLong ? 0 : this.#last;
    const series = await this.#query(first > 0 ? { first_step: first + 1 } : {}, signal);
    for (const [metric, points] of series) {
      this.#whole.set(metric, first > 0 ? [...(this.#whole.get(metric) ?? []), ...points.filter(([step]) => step > first)] : points);
      this.#last = Math.max(this.#last, points.at(-1)?.[0] ?? 0);
    }
  }

  /** What is asked for last counts, whichever answer comes last. @param range [first, last]; null: all of it is looked at. */
  async lookAt(range, signal) {
    const look = ++this.#looks;
    const fine = range ? await this.#query({ first_step: Math.max(1, Math.floor(range[0])), last_step: Math.max(1, Math.ceil(range[1])) }, signal) : new Map();
    if (look === this.#looks) {
      this.#fine = fine;
      this.#range = range && [Math.floor(range[0]), Math.ceil(range[1])];
    }
  }

  async #query(range, signal) {
    const { series } = await get(path`/v1/jobs/${this.id}/metrics`, { metrics: this.metrics, max_points: this.mostPoints, ...range }, signal);
    return new Map(series.map(({ metric, points }) => [metric, points.map(({ step, value }) => [step, number(value)])]));
  }
}

/**
 * From steps to seconds of training and back. The API has no time of a step in its curves: the seconds of epochs say it, in between it is even.
 * @returns {seconds(step), step(seconds)}
 */
export function timeOfSteps(job, epochs) {
  const marks = [[0, 0]];
  for (const { epoch, seconds } of epochs) {
    marks.push([stepOfEpoch(job, epoch), marks.at(-1)[1] + number(seconds)]);
  }

  // Behind the last epoch it goes on as now.
  const { images_per_second: speed = 0 } = job.progress ?? {};
  const perStep = number(speed) > 0 ? (job.spec?.training?.batch_size ?? 1) / speed : marks.length > 1 ? marks.at(-1)[1] / marks.at(-1)[0] : 1;
  marks.push([marks.at(-1)[0] + 1e9, marks.at(-1)[1] + 1e9 * perStep]);
  return { seconds: step => between(marks, 0, 1, step), step: seconds => between(marks, 1, 0, seconds) };
}

function between(marks, from, to, value) {
  const i = Math.max(1, marks.findIndex(mark => mark[from] >= value));
  const [a, b] = [marks[i - 1], marks[i]];
  return a[to] + ((value - a[from]) / (b[from] - a[from] || 1)) * (b[to] - a[to]);
}

/** What the test set came to, by step: at the ends of epochs and within them. */
export function tests(job, epochs, metric) {
  const points = epochs.flatMap(epoch => [...(epoch.evaluations ?? []).map(one => [one.step, number(one[metric])]), [stepOfEpoch(job, epoch.epoch), number(epoch[metric])]]);
  const within = job.progress?.evaluation;
  return [...points, ...(within && !(points.at(-1)?.[0] >= within.step) ? [[within.step, number(within[metric])]] : [])].filter(([, value]) => Number.isFinite(value));
}

/** Means over equal stretches of steps, the same for all: what is stacked needs the same x. */
export function means(curves, metrics, stretches) {
  const all = metrics.map(metric => curves.points(metric));
  const first = Math.min(...all.map(points => points[0]?.[0] ?? Infinity));
  const last = Math.max(...all.map(points => points.at(-1)?.[0] ?? 0));
  if (last === 0) {
    return all;
  }

  const many = Math.min(stretches, Math.max(1, Math.floor((last - first + 1) / 2)));
  const width = (last - first + 1) / many;
  return all.map(points => {
    const sums = Array.from({ length: many }, () => [0, 0]);
    for (const [step, value] of points) {
      const sum = sums[Math.min(many - 1, Math.floor((step - first) / width))];
      sum[0] += value;
      sum[1]++;
    }

    return sums.map(([sum, count], i) => [first + (i + 0.5) * width, count > 0 ? sum / count : null]);
  }).map(points => points.map(([x, y], i) => [x, y ?? points.slice(0, i).findLast(([, known]) => known !== null)?.[1] ?? 0]));
}
