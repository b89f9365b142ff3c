// Reads jobs by npm's mlflow client. node mlflow.mjs ENDPOINT TOKEN JOB PACKAGES: the last line is what it saw, in JSON.
import { createRequire } from 'node:module';

const [endpoint, token, job, packages] = process.argv.slice(2);
const MLflow = createRequire(`${packages}/`)('mlflow');
const client = new MLflow({ endpoint, headers: { Authorization: `Bearer ${token}` } });
const { experiments } = await client.Experiments.list();
const { experiment } = await client.Experiments.get({ experiment_id: experiments[0].experiment_id });
const { run } = await client.Runs.get({ run_id: job });
const search = (filter, order_by) => client.Runs.search({ experiment_ids: [experiment.experiment_id], filter, order_by, max_results: 10 });
const found = await search("attributes.status = 'FINISHED' and tags.`team` = 'vision'", ['attributes.start_time DESC']);
const none = await search("tags.team = 'nobody'");
const { metrics } = await client.Metrics.getHistory({ run_id: job, metric_key: 'train_loss' });
const { root_uri, files } = await client.Artifacts.list({ run_id: job });

// What a call is refused with: status and MLflow's error.
const refusal = (call) => call.then(() => { throw new Error('it was not refused'); }, (error) => JSON.parse(error.message.replace(/^Error: /, '')));
const missing = await refusal(client.Runs.get({ run_id: 'nobody' }));
const filter = await refusal(search("metrics.loss < 1"));
const write = await refusal(client.Runs.setTag({ run_id: job, key: 'a', value: 'b' }));
const stranger = await refusal(new MLflow({ endpoint, headers: { Authorization: 'Bearer nobody' } }).Runs.get({ run_id: job }));
const codes = [missing, filter, write, stranger].map(({ status, data }) => `${status} ${data.error_code}`);
console.log(JSON.stringify({ experiment: experiment.name, run, found: found.runs.map(({ info }) => info.run_id), none: none.runs.length, metrics, root_uri, files, codes }));
