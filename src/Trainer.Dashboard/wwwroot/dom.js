// DOM nodes without innerHTML: what the API says is text, and stays text.

/**
 * An element. Props: `class`, `on` ({click: handler}), `data` ({key: text}), properties of the element (value, checked, disabled, ...), and attributes (aria-*, role, href, ...).
 * Children: nodes, texts and numbers, lists of them; null, undefined and false are left out.
 */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }

    if (name === 'on') {
      Object.entries(value).forEach(([event, handler]) => element.addEventListener(event, handler));
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (name === 'value' || name === 'checked' || name === 'indeterminate') {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }

  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false).map(child => child instanceof Node ? child : String(child));
}

/** Takes the place of whatever the element has. */
export function put(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** Like put(), where the key is another one than last time: what is focused or selected in it stays otherwise. */
export function patch(element, key, children) {
  if (element.patchKey !== key) {
    element.patchKey = key;
    put(element, children());
  }
}

/** Calls the action at the next frame, once, however often it was asked for. @param rest so many milliseconds lie between two calls at least. */
export function coalesced(action, rest = 0) {
  let waits = false;
  let ran = -Infinity;
  return () => {
    if (!waits) {
      waits = true;
      const run = () => { waits = false; ran = performance.now(); action(); };
      // A page in the background has no frames, and goes on all the same.
      const pause = Math.max(ran + rest - performance.now(), document.hidden ? 250 : 0);
      pause > 0 ? setTimeout(run, pause) : requestAnimationFrame(run);
    }
  };
}

/** A signal for each of its calls, which ends with the next one, or with the page: whoever chooses again waits for nothing that is older. */
export function latest(signal) {
  let before = null;
  return () => {
    before?.abort();
    before = new AbortController();
    return AbortSignal.any([signal, before.signal]);
  };
}

/** Now and then, while the page is visible, until the signal ends it. */
export function every(milliseconds, signal, action) {
  if (signal.aborted) {
    return;
  }

  const tick = () => document.hidden || action();
  const timer = setInterval(tick, milliseconds);
  document.addEventListener('visibilitychange', tick, { signal });
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** A table whose head is `columns` (texts, and those of numbers()), in a box that scrolls sideways. */
export function table(caption, columns, rows) {
  const head = columns.map(column => h('th', { scope: 'col', class: column.number && 'number' }, column.text ?? column));
  return scroller(caption, h('table', null, h('caption', { class: 'unseen' }, caption), h('thead', null, h('tr', null, head)), h('tbody', null, rows)));
}

/** What is too wide scrolls by keyboard as well. */
export function scroller(label, content) {
  return h('div', { class: 'scroller', role: 'region', tabindex: 0, 'aria-label': label }, content);
}

/** Columns of numbers. */
export const numbers = (...texts) => texts.map(text => ({ text, number: true }));

/** A row: cells are texts or nodes, {number: ...} where aligned right; the first is the row's header. */
export function row(...cells) {
  return h('tr', null, cells.map((cell, i) => {
    const isNumber = cell !== null && typeof cell === 'object' && 'number' in cell && !(cell instanceof Node);
    return h(i === 0 ? 'th' : 'td', { scope: i === 0 && 'row', class: isNumber && 'number' }, isNumber ? cell.number : cell);
  }));
}

/** Terms and what they are. Pairs whose value is missing or empty are left out. */
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
    .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));
}

export function button(text, action, props) {
  return h('button', { type: 'button', ...props, on: { click: action } }, text);
}
