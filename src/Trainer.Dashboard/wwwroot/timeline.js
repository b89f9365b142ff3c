// From a job's journal to who trained what, when: plain values, drawn by pages/job-timeline.js.
import { millis, number } from './format.js';

const AT_REST = ['QUEUED', 'RECOVERING', 'SUSPENDED', 'SUCCEEDED', 'FAILED', 'CANCELLED'];

/**
 * Bars and marks of a job's generations.
 * @param now in milliseconds; of what is recorded that of its recording.
 * @returns {first, last (milliseconds), workers, bars: [{generation, worker, from, to, entry}], faults: [{at, entry, seconds}]}
 */
export function timeline(job, entries, now = Date.now()) {
  const rests = (job.transitions ?? []).filter(one => AT_REST.includes(one.state)).map(one => millis(one.time));
  const bars = [];
  const faults = [];
  const workers = [];
  entries.forEach((entry, i) => {
    const from = millis(entry.first_commit_time);
    const next = entries[i + 1];
    if (entry.fault_time) {
      faults.push({ at: millis(entry.fault_time), entry, seconds: (from - millis(entry.fault_time)) / 1000 });
    }

    // A generation ends with the fault behind it, with the job's rest, or where the next one begins; the last one goes on.
    const ends = [...rests, millis(next?.fault_time), millis(next?.first_commit_time), millis(job.end_time)].filter(time => time >= from);
    for (const { worker } of Number.isNaN(from) ? [] : entry.members) {
      workers.includes(worker) || workers.push(worker);
      bars.push({ generation: entry.generation, worker, from, to: ends.length > 0 ? Math.min(...ends) : now, entry });
    }
  });
  const times = [millis(job.start_time), ...bars.flatMap(({ from, to }) => [from, to]), ...faults.map(({ at }) => at)].filter(Number.isFinite);
  return { first: Math.min(...times), last: Math.max(...times), workers, bars, faults };
}

/**
 * What the journal proves: every generation begins where the one before ended, in items of the schedule and in samples.
 * @returns {gaps: [generation], samples, steps, redone, lost}
 */
export function proof(entries) {
  const gaps = entries.slice(1)
    .filter((entry, i) => number(entry.from_item) !== number(entries[i].from_item) + number(entries[i].items) || number(entry.from_samples) !== number(entries[i].from_samples) + number(entries[i].samples))
    .map(entry => entry.generation);
  const last = entries.at(-1);
  return {
    gaps,
    samples: last ? number(last.from_samples) + number(last.samples) : 0,
    inherited: entries.length > 0 ? number(entries[0].from_samples) : 0,
    steps: entries.reduce((sum, entry) => sum + number(entry.steps), 0),
    redone: entries.reduce((sum, entry) => sum + number(entry.steps_redone), 0),
    lost: entries.reduce((sum, entry) => sum + entry.lost.length, 0),
  };
}

/** The newest checkpoint among what a generation committed; undefined: none of them is there (any more). */
export function checkpointOf(entry, checkpoints) {
  return checkpoints.findLast(({ item }) => item >= entry.from_item && item < number(entry.from_item) + number(entry.items));
}

/** About `wanted` round times between two: [milliseconds, ...]. */
export function ticks(first, last, wanted) {
  const rough = (last - first) / Math.max(wanted, 1);
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
  const step = 1000 * (seconds.find(one => one * 1000 >= rough) ?? Math.ceil(rough / 604_800_000) * 604_800);
  // On the local clock's round hours.
  const zone = new Date(first).getTimezoneOffset() * 60_000;
  const begin = Math.ceil((first - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.floor((last - begin) / step) + 1) }, (_, i) => begin + i * step);
}
