// A job's log, as it is written. The page's one stream is the job's: where that brings news, there may be entries, and now and then without it.
import { messages, path } from '../api.js';
import { coalesced, every, h, put } from '../dom.js';
import { clock, count, moment } from '../format.js';
import { hasEnded } from '../job-parts.js';
import { words } from '../dialogs.js';

const MOST_LINES = 2000;
const REST = 1000; // Between two readings, in milliseconds.
const REFRESH = 3000;

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
  let reading = new AbortController();
  let isReading = false;
  const draw = coalesced(append);
  const readSoon = coalesced(read, REST);

  level.addEventListener('change', begin);
  source.addEventListener('change', begin);
  follows.addEventListener('change', toEnd);
  // Whoever scrolls up wants to read.
  lines.addEventListener('scroll', () => { follows.checked = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 24; });
  signal.addEventListener('abort', () => reading.abort());
  know('job', ...context.job.workers);
  begin();
  every(REFRESH, signal, read);

  return {
    element: h('div', null,
      h('div', { class: 'controls', role: 'group', 'aria-label': 'Log' },
        h('span', { class: 'control' }, h('label', { for: 'level' }, 'Level'), level),
        h('span', { class: 'control' }, h('label', { for: 'source' }, 'Source'), source),
        context.recorded ? null : h('span', { class: 'control' }, follows, h('label', { for: 'follows' }, 'Follow'))),
      problem, said, lines),
    update(job) {
      know(...job.workers);
      readSoon();
    },
  };

  function begin() {
    reading.abort();
    reading = new AbortController();
    [entries, dropped, last, isOver, isReading] = [[], 0, 0, false, false];
    put(lines);
    put(problem);
    put(said, 'Loading');
    read();
  }

  // What is new behind the last entry that is known. Of a job that has ended, whose last entries are on their way for a moment, all until its end.
  async function read() {
    const own = reading.signal;
    if (own.aborted || isReading || (isOver && hasEnded(context.job))) {
      return;
    }

    isReading = true;
    const isLast = hasEnded(context.job);
    try {
      await messages(path`/v1/jobs/${context.id}/logs`, { follow: isLast || undefined, after_sequence: last || undefined, level: level.value, source: source.value }, entry => {
        if (!own.aborted) {
          last = Math.max(last, entry.sequence);
          know(entry.source);
          entries.push(entry);
          draw();
        }
      }, own);
      isOver = isLast;
      put(problem);
      draw();
    } catch (error) {
      if (error.reason === 'LOG_TRIMMED') {
        return begin();
      }

      own.aborted || put(problem, words(error));
    } finally {
      isReading = own !== reading.signal && isReading;
    }
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
