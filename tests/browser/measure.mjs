// Measures the dashboard in Chromium: node measure.mjs PACKAGES CHROMIUM, with a question a line of JSON on standard input and its answer a line on standard output.
//   {do: "signIn", address}                 goes to a link that signs in, and waits for the list of jobs
//   {do: "paint", address, selector, label} loads the page anew: milliseconds from the navigation until an element of the selector has this label or text (a regular expression) and two more frames have been drawn
//   {do: "frames", chart, moves}            zooms into a chart by dragging, shows its values under the mouse and moves the slider for smoothing: milliseconds between frames, and of tasks that are long
//   {do: "hour", address, ready, id, speed, updates, visits} an hour on a page, from when there is an element of the selector `ready`, while job `id` trains, so many times as quick, with so many updates a second; in each
//                                           tenth of it each of `visits`, {hash, ready}, is gone to: heap after collection, nodes and listeners at the ends of the tenths, and how many updates there were
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [packages, chromium] = process.argv.slice(2);
const load = createRequire(`${packages}/node_modules/`);
const { chromium: browserType } = load('playwright-core');
const PATIENCE = 60_000;

const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE);
const problems = [];
page.on('pageerror', error => problems.push(error.message));
const session = await context.newCDPSession(page);

async function signIn({ address }) {
  await page.goto(address);
  await page.locator('table.jobs, main .empty').first().waitFor();
  return {};
}

async function paint({ address, selector, label }) {
  await page.goto('about:blank');
  await page.goto(address, { waitUntil: 'commit' });
  const milliseconds = await page.evaluate(({ selector, label, patience }) => new Promise((resolve, reject) => {
    const wanted = new RegExp(label);
    const isThere = () => [...document.querySelectorAll(selector)].some(one => wanted.test(one.getAttribute('aria-label') ?? one.textContent) && (!one.matches('.plot') || one.querySelector('canvas')));
    const look = () => isThere() ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
      : performance.now() > patience ? reject(new Error(`${selector} has no ${label}: ${document.body.innerText.slice(0, 300)}`)) : requestAnimationFrame(look);
    look();
  }), { selector, label, patience: PATIENCE });
  return { milliseconds };
}

async function frames({ chart, moves = 24 }) {
  await page.evaluate(() => {
    const seen = window.seen = { frames: [], tasks: [], runs: true };
    new PerformanceObserver(list => list.getEntries().forEach(task => seen.tasks.push(task.duration))).observe({ type: 'longtask' });
    let last = performance.now();
    const tick = now => { seen.frames.push(now - last); last = now; seen.runs && requestAnimationFrame(tick); };
    requestAnimationFrame(now => { last = now; requestAnimationFrame(tick); });
  });
  const box = await page.locator(chart).first().boundingBox();
  const at = share => [box.x + box.width * share, box.y + box.height / 2];
  const sweep = async (from, to) => {
    for (let i = 0; i <= moves; i++) {
      await page.mouse.move(...at(from + (to - from) * i / moves));
    }
  };
  await sweep(0.2, 0.8); // the values under the mouse
  for (const [from, to] of [[0.3, 0.7], [0.2, 0.6]]) { // closer, and closer still
    await page.mouse.move(...at(from));
    await page.mouse.down();
    await sweep(from, to);
    await page.mouse.up();
    await page.waitForTimeout(700);
    await sweep(0.2, 0.8);
  }

  await page.mouse.dblclick(...at(0.5));
  await page.locator('#smoothing').focus();
  for (let i = 0; i < moves; i++) {
    await page.keyboard.press(i % 2 ? 'ArrowLeft' : 'ArrowRight');
  }

  await page.waitForTimeout(500);
  const { frames, tasks } = await page.evaluate(() => { window.seen.runs = false; return window.seen; });
  const sorted = frames.toSorted((a, b) => a - b);
  return { frames: frames.length, median: sorted[sorted.length >> 1], p99: sorted[Math.floor(sorted.length * 0.99)], worst: sorted.at(-1), late: sorted.filter(one => one > 50).length, tasks };
}

/** The page's clock goes `speed` times as quick, and what is said of the job is made here: its stream, and the steps behind those on record. */
function hurried({ speed, id, updates }) {
  const [begun, now, wait, again, ask] = [Date.now(), Date.now, setTimeout, setInterval, fetch];
  Date.now = () => begun + (now() - begun) * speed;
  window.setTimeout = (action, time = 0, ...rest) => wait(action, time / speed, ...rest);
  window.setInterval = (action, time = 0, ...rest) => again(action, time / speed, ...rest);
  const start = 100_000;
  const step = () => start + Math.floor((Date.now() - begun) / 10); // a hundred steps a second
  const trains = job => ({ ...job, state: 'RUNNING', end_time: undefined, workers: ['worker-1', 'worker-2'], progress: { ...job.progress, step: step(), total_steps: 10_000_000, loss: 0.5 + Math.sin(step()) / 10, images_per_second: 20_000 } });
  const json = value => new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } });
  window.said = 0;
  window.fetch = async (where, options) => {
    const url = new URL(where, location.href);
    const own = `/v1/jobs/${id}`;
    if (url.pathname === `${own}/metrics` && Number(url.searchParams.get('first_step')) > start) {
      const [first, last] = [Number(url.searchParams.get('first_step')), step()];
      const many = Math.min(200, last - first + 1);
      const points = Array.from({ length: Math.max(many, 0) }, (_, i) => ({ step: first + Math.floor(i * (last - first) / Math.max(many - 1, 1)), value: 0.5 + Math.sin(i) / 10 }));
      return json({ series: url.searchParams.getAll('metrics').map(metric => ({ metric, points })) });
    }

    const answer = await ask(where, options);
    if (url.pathname === own) {
      return json(trains(await answer.json()));
    }

    if (!url.pathname.endsWith(':watch')) {
      return answer;
    }

    // What the coordinator says first, then an update of the job again and again.
    const encoder = new TextEncoder();
    const job = await ask(own, { headers: options.headers }).then(one => one.json());
    const isList = url.pathname === '/v1/jobs:watch';
    options.signal?.throwIfAborted(); // The page has been left meanwhile.
    const reader = isList ? answer.body.getReader() : null;
    let timer = 0;
    return new Response(new ReadableStream({
      start(controller) {
        const say = () => { window.said++; controller.enqueue(encoder.encode(`${JSON.stringify(isList ? { job: trains(job) } : trains(job))}\n`)); };
        timer = again(say, 1000 / updates / speed);
        options.signal?.addEventListener('abort', () => { clearInterval(timer); reader?.cancel().catch(() => {}); try { controller.error(new DOMException('aborted', 'AbortError')); } catch { /* closed */ } });
        const decoder = new TextDecoder();
        const pass = rest => reader?.read().then(({ value, done }) => { // whole lines: ours come between them
          const text = rest + decoder.decode(value, { stream: true });
          const end = text.lastIndexOf('\n') + 1;
          controller.enqueue(encoder.encode(text.slice(0, end)));
          done || pass(text.slice(end));
        }).catch(() => {});
        pass('');
      },
      cancel: () => clearInterval(timer),
    }));
  };
}

/** @param updates of the job, in each second of the hour. */
async function hour({ address, ready, id, speed = 60, updates = 4, visits = [] }) {
  await session.send('Page.enable');
  const script = await session.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${hurried})(${JSON.stringify({ speed, id, updates })})` });
  await page.goto('about:blank');
  await page.goto(address);
  await page.locator(ready).first().waitFor();
  const tenths = [];
  for (let i = 0; i <= 10; i++) {
    for (const one of i > 0 ? visits : []) {
      await page.evaluate(hash => { location.hash = hash; }, one.hash);
      await page.locator(one.ready).first().waitFor();
    }

    i > 0 && await page.waitForTimeout(360_000 / speed);
    tenths.push(await held());
  }

  const said = await page.evaluate(() => window.said);
  await session.send('Page.removeScriptToEvaluateOnNewDocument', script);
  return { said, tenths };
}

async function held() {
  await session.send('HeapProfiler.enable');
  for (let i = 0; i < 3; i++) {
    await session.send('HeapProfiler.collectGarbage');
  }

  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters');
  return { heap: usedSize, nodes, listeners };
}

const answers = { signIn, paint, frames, hour };
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = await answers[question.do](question);
  } catch (error) {
    answer = { problem: error.message };
  }

  console.log(JSON.stringify({ ...answer, problems: problems.splice(0) }));
}

await browser.close();
