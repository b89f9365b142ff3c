// Every state that a job has been in, and why.
import { h, patch, row, table } from '../dom.js';
import { age, moment } from '../format.js';
import { stateMark } from '../job-parts.js';

export function create() {
  const element = h('div');
  return { element, update: job => patch(element, `${job.transitions.length}`, () => job.transitions.length === 0 ? h('p', { class: 'empty' }, 'The job has been in no state yet.') : draw(job)) };
}

function draw({ transitions }) {
  return table('Transitions', ['When', 'Time', 'State', 'Reason', 'Message', 'Asked by'], transitions.toReversed().map(one => row(
    age(one.time), moment(one.time), stateMark(one.state), one.reason, one.message, one.asked_by || '-')));
}
