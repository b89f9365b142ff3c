// Tests of modules of the dashboard by themselves, which need no browser: node modules.mjs WWWROOT. Exits with 1 if one fails.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { pathToFileURL } from 'node:url';

// To Node a .js is a module where a package.json says so.
const folder = mkdtempSync(join(tmpdir(), 'trainer-modules-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(process.argv[2], folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
const load = name => import(pathToFileURL(join(folder, name)));

test('a chart that cannot be drawn keeps no other one waiting', async () => {
  const frames = [];
  globalThis.requestAnimationFrame = frame => frames.push(frame);
  const { drawInTurn, leaveOut } = await load('turns.js');
  const drawn = [];
  const gone = () => drawn.push('gone');
  drawInTurn(() => { throw new Error('cannot be drawn'); });
  drawInTurn(() => drawn.push('second'));
  drawInTurn(gone);
  leaveOut(gone);

  assert.equal(frames.length, 1);
  assert.throws(frames.shift(), { message: 'cannot be drawn' });
  frames.splice(0).forEach(frame => frame());
  assert.deepEqual(drawn, ['second']);
  drawInTurn(() => drawn.push('later'));
  frames.splice(0).forEach(frame => frame());
  assert.deepEqual(drawn, ['second', 'later']);
});

test('a job is linked to its trace where the coordinator was told where traces are', async () => {
  const { traceLink } = await load('trace-link.js');
  let link = 'https://grafana.example.com/trace/{trace_id}?again={trace_id}';
  globalThis.fetch = async () => Response.json({ trace_link: link });
  const id = '32a3e37cb8ff5cde976249069ef37752';
  assert.equal(await traceLink('6ed2ujta4p', undefined), `https://grafana.example.com/trace/${id}?again=${id}`);
  link = '';
  assert.equal(await traceLink('6ed2ujta4p', undefined), null);
});

test('what is looked at last is shown, whichever answer comes last', async () => {
  const asked = [];
  globalThis.fetch = () => new Promise(resolve => asked.push(step => resolve(Response.json({ series: [{ metric: 'loss', points: [{ step, value: 0.5 }] }] }))));
  const { Curves } = await load('curves.js');
  const curves = new Curves('job', ['loss']);
  const [wide, narrow] = [curves.lookAt([1, 100], undefined), curves.lookAt([40, 60], undefined)];
  asked[1](50);
  await narrow;
  asked[0](1);
  await wide;
  assert.deepEqual(curves.points('loss'), [[50, 0.5]]);

  const late = curves.lookAt([2, 3], undefined);
  await curves.lookAt(null, undefined);
  asked[2](2);
  await late;
  assert.deepEqual(curves.points('loss'), []); // All of it is looked at, of which nothing has been read.
});
