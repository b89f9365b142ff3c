// Checks webhooks by npm's standardwebhooks. node webhooks.mjs SECRET FILE PACKAGES: FILE has a webhook a line, {"headers": {...}, "body": "..."}; prints how many are right.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [secret, file, packages] = process.argv.slice(2);
const { Webhook } = createRequire(`${packages}/`)('standardwebhooks');
const webhook = new Webhook(secret);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
for (const { headers, body } of lines) {
  const said = webhook.verify(body, headers);
  if (said.type !== 'job.state_changed' || typeof said.timestamp !== 'string' || typeof said.data.job !== 'string') throw new Error(`no change of a job: ${body}`);
  let refused = false;
  try {
    webhook.verify(body.replace('"step"', '"stop"'), headers);
  } catch {
    refused = true;
  }
  if (!refused) throw new Error('another body was taken for the signed one');
}
console.log(lines.length);
