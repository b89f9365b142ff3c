// The calls that twenty open pages of a job make, without a browser: node pages.mjs ADDRESS TOKEN JOB PAGES. Each has its stream, and what is new of its curves once a second, as far as the stream says that something is
// (wwwroot/pages/job-curves.js). Says "open" when all have a curve; when its input ends it closes them, and says how often each one's stream spoke, as a list of numbers.
const [address, token, job, pages] = process.argv.slice(2);
const METRICS = ['loss', 'accuracy', 'learning_rate', 'gradient_norm', 'images_per_second', 'data_seconds', 'forward_seconds', 'backward_seconds', 'allreduce_seconds', 'optimizer_seconds'];
const MOST_POINTS = 1000; // As wwwroot/curves.js asks for.
const READ_AGAIN = 1000;

const closed = new AbortController();
const get = async path => {
  const answer = await fetch(address + path, { headers: { authorization: `Bearer ${token}` }, signal: closed.signal });
  if (!answer.ok) {
    throw new Error(`${path}: ${await answer.text()}`);
  }

  return answer;
};

function fail(problem) {
  if (!closed.signal.aborted) {
    throw problem;
  }
}

async function follow(opened) {
  let [updates, read, readAt, reading] = [0, 0, -Infinity, null];
  try {
    let rest = '';
    for await (const chunk of (await get(`/v1/jobs/${job}:watch`)).body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      updates += lines.length;
      const step = lines.length > 0 ? JSON.parse(lines.at(-1)).progress?.step ?? 0 : 0;
      if (step > read && !reading && performance.now() - readAt >= READ_AGAIN) {
        readAt = performance.now();
        reading = lastStep(read).then(last => { read = Math.max(read, last); reading = null; opened(); }).catch(fail);
      }
    }
  } catch (problem) {
    fail(problem);
  }

  return updates;
}

async function lastStep(after) {
  const query = new URLSearchParams([...METRICS.map(name => ['metrics', name]), ['max_points', MOST_POINTS], ...(after > 0 ? [['first_step', after + 1]] : [])]);
  const { series } = await (await get(`/v1/jobs/${job}/metrics?${query}`)).json();
  return Math.max(after, ...series.map(({ points }) => points.at(-1)?.step ?? 0));
}

const open = Array.from({ length: Number(pages) }, () => {
  let opened;
  const isOpen = new Promise(resolve => { opened = resolve; });
  return { isOpen, updates: follow(opened) };
});
await Promise.all(open.map(page => Promise.race([page.isOpen, page.updates])));
console.log('open');
process.stdin.resume();
process.stdin.on('end', async () => {
  closed.abort();
  console.log(JSON.stringify(await Promise.all(open.map(page => page.updates))));
});
