// Looks at the dashboard as people do, in Chromium: node look.mjs PACKAGES CHROMIUM FOLDER, with a visit a line of JSON on standard input: {name, address, text, within, gone, alert, outage, width, scheme, click, fill}.
// A visit goes to an address, fills fields and clicks buttons by their names, waits until an element within a CSS selector (main, where none is given) has exactly this text and is to be seen, and takes a picture of it,
// FOLDER/NAME.png. What is wrong is told, a line of JSON for each visit, by the browser (errors of scripts, what the content security policy kept from running), by the page (its alerts, but for one that has the text that the
// visit expects) and by axe. With `outage` the coordinator was away before it.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [packages, chromium, folder] = process.argv.slice(2);
const load = createRequire(`${packages}/node_modules/`);
const { chromium: browserType } = load('playwright-core');
const axe = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 60_000;

const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
const context = await browser.newContext({ bypassCSP: false, viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE);
let problems = [];
page.on('console', message => message.type() === 'error' && problems.push(`console: ${message.text()}`));
page.on('pageerror', error => problems.push(`script: ${error.message}`));
// A page out of a file asks for nothing that is not in it.
page.on('request', request => page.url().startsWith('file:') && !/^(file|data|blob):/.test(request.url()) && problems.push(`request: ${request.url()}`));
await page.addInitScript(() => addEventListener('securitypolicyviolation', event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));

/** axe as a script of the page would be against the policy: it runs in a world of its own. */
async function violations() {
  const session = await context.newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
  const evaluate = expression => session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
  await evaluate(axe);
  const { result, exceptionDetails } = await evaluate('axe.run(document).then(found => found.violations.map(one => `${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 200)}`))');
  await session.detach();
  return exceptionDetails ? [`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`] : result.value.map(text => `axe: ${text}`);
}

const seen = (within, text) => page.locator(within).getByText(text, { exact: true }).locator('visible=true').first();

async function visit({ name, address, text, within = 'main', gone, alert, outage, width = 1280, scheme = 'light', click, fill }) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  if (address) {
    await page.goto(address);
  }

  for (const [label, value] of Object.entries(fill ?? {})) {
    await page.getByLabel(label).fill(value);
  }

  for (const one of click ?? []) {
    await page.getByRole('button', { name: one, exact: true }).first().click();
  }

  try {
    await seen(within, text).waitFor();
    gone && await seen('main', gone).waitFor({ state: 'hidden' });
    alert && await page.locator('[role=alert]', { hasText: alert }).first().waitFor();
  } catch (problem) {
    problems.push(`${within} ${text}: ${problem.message.split('\n')[0]}; the page says: ${(await page.locator('main').innerText()).slice(0, 600)}`);
  }

  const alerts = await page.locator('[role=alert]').locator('visible=true').allInnerTexts();
  problems.push(...alerts.filter(said => said.trim() && !(alert && said.includes(alert))).map(said => `alert: ${said}`));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  overflow > 0 && problems.push(`the page is ${overflow} pixels wider than the window`);
  problems.push(...await violations());
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  // A call that is refused is one to the browser, too.
  const found = { name, address: page.url(), problems: problems.filter(text => !((alert || outage) && text.startsWith('console: Failed to load resource'))) };
  problems = [];
  return found;
}

// A visit a line, and what came of it a line: whoever asks may do something to the cluster in between.
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await visit(JSON.parse(line))));
}

await browser.close();
