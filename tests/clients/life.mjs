// A job's whole life with Node's @grpc/grpc-js. life.mjs GRPC TOKEN CREATE PROTOS FOLDER PACKAGES, as life.sh; PROTOS is the folder of trainer/v1, PACKAGES that of node_modules.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [address, token, create, protos, , packages] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const files = ['job_service', 'system_service'].map(name => `trainer/v1/${name}.proto`);
const definition = loader.loadSync(files, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true });
const api = grpc.loadPackageDefinition(definition).trainer.v1;
const clients = Object.fromEntries(['JobService', 'SystemService'].map(name => [name, new api[name](address, grpc.credentials.createInsecure())]));
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);
metadata.set('trainer-user', 'node');

const call = (service, name, request) => new Promise((resolve, reject) =>
  clients[service][name](request, metadata, { deadline: Date.now() + 60_000 }, (error, answer) => error ? reject(error) : resolve(answer)));
const jobs = (name, request) => call('JobService', name, request);
const stream = async (name, request) => {
  const messages = [];
  for await (const message of clients.JobService[name](request, metadata, { deadline: Date.now() + 60_000 })) {
    messages.push(message);
  }
  return messages;
};

assert.equal((await call('SystemService', 'GetVersion', {})).api, 'trainer.v1');
const body = JSON.parse(readFileSync(create, 'utf8'));
const job = await jobs('CreateJob', body);
assert.equal((await jobs('CreateJob', body)).id, job.id);
assert.equal(job.creator, 'node');
assert.deepEqual((await jobs('ListJobs', { filter: 'labels.client = node' })).jobs.map(one => one.id), [job.id]);
assert.equal((await jobs('UpdateJob', { job: { id: job.id, notes: 'by node' }, update_mask: { paths: ['notes'] } })).notes, 'by node');
const last = (await stream('WatchJob', { id: job.id })).at(-1);
assert.equal(last.state, 'JOB_STATE_SUCCEEDED', JSON.stringify(last));
assert.match((await stream('StreamLogs', { id: job.id, follow: true })).at(-1).message, /SUCCEEDED/);
assert.equal((await jobs('ListEpochs', { id: job.id })).epochs.length, 2);
const chunks = await stream('DownloadArtifact', { id: job.id, name: 'model.safetensors' });
const sha256 = createHash('sha256').update(Buffer.concat(chunks.map(chunk => chunk.data))).digest('hex');
assert.equal(sha256, chunks.at(-1).sha256);
assert.equal(sha256, last.result.weights_sha256);
await assert.rejects(jobs('GetJob', { id: 'nobody' }), { code: grpc.status.NOT_FOUND });
await jobs('DeleteJob', { id: job.id });
await assert.rejects(jobs('GetJob', { id: job.id }), { code: grpc.status.NOT_FOUND });
console.log(sha256);
Object.values(clients).forEach(client => client.close());
