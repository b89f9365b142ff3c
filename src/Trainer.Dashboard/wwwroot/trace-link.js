// Where a job's trace is shown, as the coordinator was told.
import { get } from './api.js';

/** The address; null: nobody said where, or this browser computes no SHA-256 here, which it does over HTTPS and on the machine itself. */
export async function traceLink(job, signal) {
  const { trace_link: link } = await get('/v1/info', {}, signal);
  return link && crypto.subtle ? link.replaceAll('{trace_id}', await traceId(job)) : null;
}

// As every process of the cluster knows it (docs/tracing.md).
async function traceId(job) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`trainer trace ${job}`));
  return [...new Uint8Array(hash)].slice(0, 16).map(byte => byte.toString(16).padStart(2, '0')).join('');
}
