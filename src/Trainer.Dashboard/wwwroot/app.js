// The shell: which page stands behind the address, who is signed in, and how the connection is.
import { connection } from './api.js';
import { closeDialogs } from './dialogs.js';
import { every, h, put } from './dom.js';
import { moment, refreshAges } from './format.js';
import { begin, hasToken, keepWanted, me, signOut, whoAmI } from './session.js';

const ROUTES = [
  [/^#\/jobs$/, () => import('./pages/jobs.js'), 'Jobs'],
  [/^#\/jobs\/new$/, () => import('./pages/new.js'), 'New job'],
  [/^#\/jobs\/(?<id>[^/]+)(?:\/(?<section>[^/]+))?$/, () => import('./pages/job.js'), 'Job'],
  [/^#\/compare$/, () => import('./pages/compare.js'), 'Compare'],
  [/^#\/cluster$/, () => import('./pages/cluster.js'), 'Cluster'],
];

const SIGN_IN = /^#\/sign-in\/(?<code>.+)$/;

const main = document.getElementById('main');
let shown = null; // {key, leave: AbortController, update}

async function route() {
  const [path, search = ''] = location.hash.split('?');
  const code = SIGN_IN.exec(path)?.groups.code;
  if (code !== undefined) {
    history.replaceState(null, '', location.pathname + location.search + '#/jobs');
    return signIn({ code: decoded(code) });
  }

  if (!hasToken()) {
    keepWanted(location.hash);
    return signIn({});
  }

  const [match, load, title] = ROUTES.map(([pattern, ...rest]) => [pattern.exec(path), ...rest]).find(([found]) => found) ?? [];
  if (!match) {
    return path === '' || path === '#' || path === '#/' ? location.replace('#/jobs') : show('nowhere', 'Not found', async () => ({ show: nowhere }), {});
  }

  const place = { ...Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, value && decoded(value)])), query: new URLSearchParams(search) };
  if (shown?.key === `${title} ${place.id}` && shown.update?.(place)) {
    return mark();
  }

  await show(`${title} ${place.id}`, title, load, place);
}

// What somebody typed may be no escape.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param load gives the page's module: show(element, place, signal) draws it, and may return {update(place)}, which says whether the page goes on at another place of its own. */
async function show(key, title, load, place) {
  shown?.leave.abort();
  closeDialogs();
  const page = { key, leave: new AbortController() };
  const isFirst = shown === null;
  shown = page;
  mark();
  title === 'Sign in' || (document.title = `${title} - Trainer`);
  put(main, h('p', { class: 'quiet' }, 'Loading'));
  try {
    const [module] = await Promise.all([load(), key === 'sign-in' || whoAmI()]);
    if (shown === page) {
      shell();
      put(main);
      page.update = (await module.show(main, place, page.leave.signal))?.update;
      isFirst || main.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  } catch (error) {
    if (shown === page && error.code !== 401) {
      error.code === undefined && console.error(error);
      put(main, h('h1', null, title), h('p', { class: 'error', role: 'alert' }, error.message), h('p', null, h('button', { type: 'button', on: { click: () => show(key, title, load, place) } }, 'Try again')));
    }
  }
}

/** @param place {code} to sign in by; {problem} or {said} that led here. */
function signIn(place) {
  shell();
  document.title = 'Sign in - Trainer';
  return show('sign-in', 'Sign in', () => import('./pages/sign-in.js'), place);
}

function nowhere(element) {
  put(element, h('h1', null, 'Not found'), h('p', null, 'The dashboard has no such page. ', h('a', { href: '#/jobs' }, 'All jobs')));
}

function mark() {
  for (const link of document.querySelectorAll('#pages a')) {
    const isHere = location.hash.split(/[?]/)[0].startsWith(link.hash);
    isHere ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  }
}

function shell() {
  document.getElementById('pages').hidden = document.getElementById('who').hidden = !me.session;
  put(document.getElementById('user'), me.session && [me.session.user || 'the cluster\'s token', ' ', h('span', { class: 'quiet' }, me.session.role.toLowerCase())]);
  document.getElementById('user').title = me.session?.expire_time ? `signed in until ${new Date(me.session.expire_time).toLocaleString()}` : '';
}

connection.addEventListener('change', () => {
  const [problem] = connection.broken.values();
  put(document.getElementById('connection'), problem && [h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', { title: problem }, 'Reconnecting')]);
});

document.getElementById('sign-out').addEventListener('click', async () => {
  const { id, expire_time: end } = me.session;
  const place = await signOut().then(() => ({ said: 'You have signed out.' }), error => ({
    problem: `This browser has forgotten your session. The coordinator was not told, and the session goes on${end ? ` until ${moment(end)}` : ''}: ${error.message}${id ? ` To end it before: trainer token revoke ${id}` : ''}`,
  }));
  put(document.getElementById('notice'));
  signIn(place);
});

document.getElementById('skip').addEventListener('click', event => {
  event.preventDefault(); // The fragment is the route.
  main.focus();
});

function refused(error) {
  keepWanted(location.hash);
  signIn({ problem: `${error.message} Sign in again.` });
}

function ended() {
  keepWanted(location.hash);
  signIn({ said: 'You have signed out, or signed in anew, in another tab.' });
}

every(5000, new AbortController().signal, refreshAges);
addEventListener('hashchange', route);
addEventListener('signed-in', route);
await begin(refused, ended);
route();
