// Who uses the dashboard. The session's secret is in sessionStorage and nowhere else: it goes with the tab. A tab that is opened beside it asks for it.
import { authorize, call, post } from './api.js';

const TOKEN = 'trainer.token';
const WANTED = 'trainer.wanted';
const WAIT = 200; // For another tab's answer, in milliseconds.

/** id, user, role (VIEWER, OPERATOR, ADMIN) and expire_time of whoever is signed in; null: nobody is, or it is not known yet. */
export const me = { session: null };

const tabs = new BroadcastChannel('trainer.session');
tabs.addEventListener('message', ({ data }) => {
  if (data === 'ask' && hasToken()) {
    tabs.postMessage({ secret: sessionStorage.getItem(TOKEN) });
  }
});

/** Makes use of the session that this tab has, or another one. @param refused called when it is not valid any more; @param ended when another tab has ended it. */
export async function begin(refused, ended) {
  tabs.addEventListener('message', ({ data }) => {
    if (hasToken() && data?.ended === sessionStorage.getItem(TOKEN)) {
      forget();
      ended();
    }
  });
  const secret = sessionStorage.getItem(TOKEN) ?? await askTabs();
  secret === null || sessionStorage.setItem(TOKEN, secret);
  authorize(secret, error => {
    forget();
    refused(error);
  });
}

// A link that is opened in a new tab comes without what sessionStorage had.
function askTabs() {
  return new Promise(resolve => {
    const heard = ({ data }) => data?.secret !== undefined && done(data.secret);
    const timer = setTimeout(done, WAIT, null);
    tabs.addEventListener('message', heard);
    tabs.postMessage('ask');

    function done(secret) {
      clearTimeout(timer);
      tabs.removeEventListener('message', heard);
      resolve(secret);
    }
  });
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** By the code of a link that `trainer dashboard` shows; it is good once. */
export async function signInByCode(code) {
  await keep(await call('POST', '/v1/sessions', { body: { code }, secret: null }));
}

/** A token is traded for a session at once, and not kept. What makes none is one already, or nothing, where a cluster has no tokens. */
export async function signInByToken(secret) {
  const made = secret === '' ? null : await call('POST', '/v1/sign-in-codes', { body: {}, secret }).catch(error => {
    if (error.reason !== 'NOT_FOR_THIS_TOKEN') {
      throw error;
    }
  });
  await (made ? signInByCode(made.code) : keep({ secret, ...await call('GET', '/v1/session', { secret }) }));
}

/** Asks once whose the session is. @param refused as of request(). */
export async function whoAmI(refused) {
  me.session ??= (await call('GET', '/v1/session', { refused })).session;
  return me.session;
}

/** Who is signed in, in this tab or another; null: nobody. */
export async function signedIn() {
  const secret = hasToken() ? null : await askTabs();
  secret === null || await keep({ secret, session: null });
  try {
    return hasToken() ? await whoAmI(forget) : null;
  } catch (error) {
    if (error.code === 401) {
      return null;
    }

    throw error;
  }
}

/** Ends the session, also in other tabs. They forget it also where the coordinator could not be told, which is an error: then it goes on without them. */
export async function signOut() {
  const secret = sessionStorage.getItem(TOKEN);
  try {
    await post('/v1/session:end');
  } catch (error) {
    if (error.mayPass) {
      throw error;
    }
  } finally {
    tabs.postMessage({ ended: secret });
    forget();
  }
}

// A session that is replaced ends.
async function keep({ secret, session }) {
  const old = sessionStorage.getItem(TOKEN);
  me.session = session;
  sessionStorage.setItem(TOKEN, secret);
  authorize(secret);
  if (old && old !== secret) {
    tabs.postMessage({ ended: old });
    await call('POST', '/v1/session:end', { body: {}, secret: old }).catch(() => {}); // Where it cannot be told, it ends by its time.
  }
}

function forget() {
  sessionStorage.removeItem(TOKEN);
  me.session = null;
  authorize(null);
}

/** Where one wanted to go before signing in. */
export function keepWanted(hash) {
  sessionStorage.setItem(WANTED, hash);
}

export function takeWanted() {
  const hash = sessionStorage.getItem(WANTED) ?? '#/jobs';
  sessionStorage.removeItem(WANTED);
  return hash;
}

export const isAdmin = () => me.session?.role === 'ADMIN';
export const mayMake = () => isAdmin() || me.session?.role === 'OPERATOR';
export const mayChange = job => isAdmin() || (mayMake() && job.creator === me.session.user);
