// The public HTTP/JSON API (docs/api.md): calls, and streams that come back when they break.
import { parse } from './json.js';

/** What the API says is wrong. `code` 0: it could not be reached. */
export class ApiError extends Error {
  constructor({ code = 0, status = 'UNAVAILABLE', message = 'The coordinator cannot be reached.', reason = '', violations = [] } = {}) {
    super(message);
    Object.assign(this, { name: 'ApiError', code, status, reason, violations });
  }

  get mayPass() {
    return this.code === 0 || this.code === 429 || this.code >= 500;
  }
}

/** How the connection is, for the shell: 'change' whenever a stream breaks or comes back. */
export const connection = Object.assign(new EventTarget(), { broken: new Map() });

function connectionIs(stream, problem) {
  if (problem ? connection.broken.get(stream) !== problem : connection.broken.has(stream)) {
    problem ? connection.broken.set(stream, problem) : connection.broken.delete(stream);
    connection.dispatchEvent(new Event('change'));
  }
}

const access = { secret: null, refused: () => {} };

/** @param refused called with the error when a token is not, or no longer, valid. */
export function authorize(secret, refused = access.refused) {
  Object.assign(access, { secret, refused });
}

/** A path of the API with its variable parts escaped: path`/v1/jobs/${id}` */
export function path(texts, ...values) {
  return texts.reduce((all, text, i) => all + encodeURIComponent(values[i - 1]) + text);
}

function address(where, query) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== '') {
        search.append(name, one);
      }
    }
  }

  return search.size > 0 ? `${where}?${search}` : where;
}

/** A response whose status is good. @param secret another token than that of whoever is signed in. @param refused called in place of authorize()'s. */
export async function request(method, where, { query, body, signal, secret = access.secret, refused = access.refused } = {}) {
  const used = secret;
  const headers = { ...(used && { authorization: `Bearer ${used}` }), ...(body !== undefined && { 'content-type': 'application/json' }) };
  let response;
  try {
    response = await fetch(address(where, query), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: 'no-store' });
  } catch (problem) {
    throw problem.name === 'AbortError' ? problem : new ApiError();
  }

  if (!response.ok) {
    const error = new ApiError(await errorOf(response));
    if (error.code === 401 && used && used === access.secret) {
      refused(error);
    }

    throw error;
  }

  return response;
}

async function errorOf(response) {
  try {
    const { error } = await response.json();
    return { ...error, code: response.status };
  } catch {
    return { code: response.status, status: 'UNKNOWN', message: `The coordinator answered with HTTP ${response.status}.` };
  }
}

export async function call(method, where, options) {
  const response = await request(method, where, options);
  try {
    return parse(await response.text());
  } catch (problem) {
    throw problem.name === 'AbortError' ? problem : new ApiError({ message: 'The answer broke off.' });
  }
}

export const get = (where, query, signal) => call('GET', where, { query, signal });
export const post = (where, body = {}, signal) => call('POST', where, { body, signal });

const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 8000;
const SILENCE = 40_000; // Streams say something every 15 s.
const HIDDEN = 'hidden';

/** The messages of a response, a line each, until its end. */
export async function messages(where, query, message, signal) {
  await follow(where, query, { open: () => {}, message }, signal);
}

/**
 * Follows a stream of messages, a line each, until the signal ends it. One that breaks is opened again after 0.5, 1, 2, 4, 8 s. It is closed while nobody looks at the page: over HTTP/1 a browser has six
 * connections to an address, for all its tabs.
 * @param query () => the query, asked for each time that it is opened.
 * @param on.open called when it has been opened (again); on.message for each line; on.closed when it is open no more, for whatever reason; on.end when the coordinator has ended it: true means that it was
 * to end; on.error with what does not pass by itself: then it is over.
 */
export async function stream(where, query, on, signal) {
  const self = Symbol(where);
  signal.addEventListener('abort', () => connectionIs(self, null));
  for (let wait = SHORTEST_WAIT; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    const seen = new AbortController();
    const look = () => document.hidden && seen.abort(HIDDEN);
    const leave = () => seen.abort();
    signal.addEventListener('abort', leave);
    document.addEventListener('visibilitychange', look);
    try {
      await visible(signal);
      await follow(where, query(), { open: () => { on.open?.(); connectionIs(self, null); }, message: line => { wait = SHORTEST_WAIT; on.message(line); } }, seen.signal);
      if (on.end?.() ?? false) {
        connectionIs(self, null);
        return;
      }
    } catch (problem) {
      if (signal.aborted) {
        return;
      }

      if (seen.signal.reason === HIDDEN) {
        wait = SHORTEST_WAIT / 2;
        continue;
      }

      if (problem instanceof ApiError && !problem.mayPass) {
        connectionIs(self, null);
        on.error?.(problem);
        return;
      }

      if (!(problem instanceof ApiError || problem.name === 'AbortError')) {
        console.error(problem);
      }

      connectionIs(self, problem instanceof ApiError ? problem.message : 'The stream broke off.');
    } finally {
      signal.removeEventListener('abort', leave);
      document.removeEventListener('visibilitychange', look);
      on.closed?.();
    }

    await pause(wait, signal);
  }
}

async function follow(where, query, on, signal) {
  signal.throwIfAborted();
  const attempt = new AbortController();
  const stop = () => attempt.abort();
  const giveUp = () => attempt.abort(new ApiError());
  signal.addEventListener('abort', stop);
  let watchdog = setTimeout(giveUp, SILENCE);
  try {
    const response = await request('GET', where, { query, signal: attempt.signal });
    on.open();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ;) {
      const { value, done } = await reader.read().catch(() => { throw new ApiError({ message: 'The stream broke off.' }); });
      clearTimeout(watchdog);
      watchdog = setTimeout(giveUp, SILENCE);
      const lines = (rest + (value ?? '')).split('\n');
      rest = lines.pop();
      lines.filter(line => line.length > 0).forEach(line => take(parse(line), on));
      if (done) {
        return;
      }
    }
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', stop);
    attempt.abort();
  }
}

// An error in mid-stream is its last line.
function take(message, on) {
  if (message.error?.status) {
    const error = new ApiError(message.error);
    if (error.code === 401) {
      access.refused(error);
    }

    throw error;
  }

  on.message(message);
}

function pause(milliseconds, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      removeEventListener('online', done);
      resolve();
    }

    signal.addEventListener('abort', done);
    addEventListener('online', done);
  });
}

/** Until somebody looks at the page, or the signal ends it. */
function visible(signal) {
  return new Promise(resolve => {
    const look = () => {
      if (!document.hidden || signal.aborted) {
        document.removeEventListener('visibilitychange', look);
        signal.removeEventListener('abort', look);
        resolve();
      }
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

/** A UUID, also where the page was not loaded safely enough for crypto.randomUUID. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
