// A job's log, as it is written.
import { path, stream } from '../api.js';
import { coalesced, h, put } from '../dom.js';
import { clock, count, moment } from '../format.js';
import { hasEnded } from '../job-parts.js';
import { words } from '../dialogs.js';

const MOST_LINES = 2000;

export function create(context, signal) {
  const level = h('select', { id: 'level' }, [['', 'all'], ['WARN', 'warnings and errors'], ['ERROR', 'errors']].map(([value, text]) => h('option', { value }, text)));
  const source = h('select', { id: 'source' }, h('option', { value: '' }, 'all'));
  const follows = h('input', { type: 'checkbox', id: 'follows', checked: true });
  const problem = h('p', { class: 'error', role: 'alert' });
  const lines = h('div', { class: 'log', role: 'region', tabindex: 0, 'aria-label': 'Log' });
  const said = h('p', { class: 'quiet' });
  const sources = new Set();
  let entries = [];
  let dropped = 0;
  let last = 0;
  let isOver = false;
  let listening = new AbortController();
  const draw = coalesced(append);

  level.addEventListener('change', listen);
  source.addEventListener('change', listen);
  follows.addEventListener('change', toEnd);
  // Whoever scrolls up wants to read.
  lines.addEventListener('scroll', () => { follows.checked = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 24; });
  signal.addEventListener('abort', () => listening.abort());
  know('job', ...context.job.workers);
  listen();

  return {
    element: h('div', null,
      h('div', { class: 'controls', role: 'group', 'aria-label': 'Log' },
        h('span', { class: 'control' }, h('label', { for: 'level' }, 'Level'), level),
        h('span', { class: 'control' }, h('label', { for: 'source' }, 'Source'), source),
        h('span', { class: 'control' }, follows, h('label', { for: 'follows' }, 'Follow'))),
      problem, said, lines),
    update: job => know(...job.workers),
  };

  function listen() {
    listening.abort();
    listening = new AbortController();
    [entries, dropped, last, isOver] = [[], 0, 0, false];
    put(lines);
    put(problem);
    put(said, 'Loading');
    begin();
  }

  function begin() {
    const heard = listening.signal;
    stream(path`/v1/jobs/${context.id}/logs`, () => ({ follow: true, heartbeats: true, after_sequence: last || undefined, level: level.value, source: source.value }), {
      open: draw,
      message: entry => {
        last = Math.max(last, entry.sequence);
        if (entry.source) {
          know(entry.source);
          entries.push(entry);
        }

        draw();
      },
      end: () => {
        isOver = hasEnded(context.job);
        draw();
        return isOver;
      },
      error: error => {
        if (error.reason === 'LOG_TRIMMED') {
          last = 0;
          return begin();
        }

        put(problem, words(error));
      },
    }, heard);
  }

  function append() {
    if (signal.aborted) {
      return;
    }

    dropped += Math.max(0, entries.length - MOST_LINES);
    lines.append(...entries.splice(0).slice(-MOST_LINES).map(lineOf));
    while (lines.children.length > MOST_LINES) {
      lines.firstChild.remove();
      dropped++;
    }

    put(said, lines.children.length === 0
      ? (isOver ? 'The log has no such entries.' : 'There are no entries yet.')
      : dropped > 0 ? `The newest ${count(MOST_LINES)} entries are shown. All of them: trainer logs ${context.id}` : '');
    toEnd();
  }

  function toEnd() {
    if (follows.checked) {
      lines.scrollTop = lines.scrollHeight;
    }
  }

  function know(...names) {
    for (const name of names) {
      if (!sources.has(name)) {
        sources.add(name);
        source.append(h('option', { value: name }, name));
      }
    }
  }
}

function lineOf({ time, source, message, level }) {
  return h('div', { class: `entry ${level.toLowerCase()}` },
    h('time', { datetime: time, title: moment(time) }, clock(time)), ' ',
    h('span', { class: 'source' }, source), ' ',
    (level === 'WARN' || level === 'ERROR') && h('strong', null, level.toLowerCase(), ' '),
    h('span', { class: 'text' }, message));
}
