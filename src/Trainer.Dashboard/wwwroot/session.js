// Who uses the dashboard. The token is in sessionStorage and nowhere else: it goes with the tab. A tab that is opened beside it asks for it.
import { authorize, call, get, post } from './api.js';

const TOKEN = 'trainer.token';
const WANTED = 'trainer.wanted';
const WAIT = 200; // For another tab's answer, in milliseconds.

/** user, role (VIEWER, OPERATOR, ADMIN) and expire_time of whoever is signed in; null: nobody is, or it is not known yet. */
export const me = { session: null };

const tabs = new BroadcastChannel('trainer.session');
tabs.addEventListener('message', ({ data }) => {
  if (data === 'ask' && hasToken()) {
    tabs.postMessage({ secret: sessionStorage.getItem(TOKEN) });
  }
});

/** Makes use of the token that this tab has, or another one. @param refused called when it is not valid any more. */
export async function begin(refused, isNew) {
  const secret = sessionStorage.getItem(TOKEN) ?? (isNew ? null : await askTabs());
  secret && sessionStorage.setItem(TOKEN, secret);
  authorize(secret, error => {
    forget();
    refused(error);
  });
}

// A link that is opened in a new tab comes without what sessionStorage had.
function askTabs() {
  return new Promise(resolve => {
    const heard = ({ data }) => data?.secret && done(data.secret);
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
  const { secret } = await call('POST', '/v1/sessions', { body: { code }, secret: null });
  await signInByToken(secret);
}

export async function signInByToken(secret) {
  me.session = (await call('GET', '/v1/session', { secret })).session;
  sessionStorage.setItem(TOKEN, secret);
  authorize(secret);
}

/** Asks once who it is that the token is of. */
export async function whoAmI() {
  me.session ??= (await get('/v1/session')).session;
  return me.session;
}

export async function signOut() {
  try {
    await post('/v1/session:end');
  } finally {
    forget();
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
