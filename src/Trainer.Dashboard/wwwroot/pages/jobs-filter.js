// The API's filter language: conditions joined by AND. Chips write it; what one has typed beside them stays.

const NOT_ENDED = 'state != SUCCEEDED AND state != FAILED AND state != CANCELLED';

export const CHIPS = [
  { text: 'All', condition: '' },
  { text: 'Not ended', condition: NOT_ENDED },
  ...['QUEUED', 'RUNNING', 'RECOVERING', 'SUSPENDED', 'SUCCEEDED', 'FAILED', 'CANCELLED'].map(state => ({ text: state[0] + state.slice(1).toLowerCase(), condition: `state = ${state}` })),
];

/** The condition of the chip that a filter's states are; undefined: no chip says them. */
export function chipOf(filter) {
  const states = conditions(filter).filter(isState).join(' AND ');
  return CHIPS.find(chip => chip.condition === states)?.condition;
}

export function withState(filter, condition) {
  return join([...conditions(filter).filter(one => !isState(one)), condition]);
}

/** Takes the condition away where it is there already. */
export function withCreator(filter, user) {
  const rest = conditions(filter).filter(one => !/^creator\b/.test(one));
  return join(hasCreator(filter, user) ? rest : [...rest, isOf(user)]);
}

export function hasCreator(filter, user) {
  return conditions(filter).includes(isOf(user));
}

export function withLabel(filter, key, value) {
  const condition = `labels.${/^[\w.:+-]*$/.test(key) ? key : quoted(key)} = ${quoted(value)}`;
  return conditions(filter).includes(condition) ? filter : join([...conditions(filter), condition]);
}

const isState = condition => /^state\b/.test(condition);
const join = all => all.filter(one => one.length > 0).join(' AND ');
const isOf = user => `creator = ${quoted(user)}`;
const quoted = text => `"${text.replace(/["\\]/g, '\\$&')}"`;

// An AND between quotation marks is a part of a value.
function conditions(filter) {
  const pieces = filter.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const all = [[]];
  pieces.forEach(piece => piece === 'AND' ? all.push([]) : all.at(-1).push(piece));
  return all.map(words => words.join(' ').replace(/^(\S+?)\s*(!=|<=|>=|=|<|>)\s*/, '$1 $2 ').replace(/^labels\. "/, 'labels."')).filter(one => one.length > 0);
}
