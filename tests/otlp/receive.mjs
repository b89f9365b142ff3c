// An OTLP receiver over HTTP and gRPC: node receive.mjs OTLP GRPC_JS prints its two addresses, then a line of JSON for each span that it is sent. Requests are decoded by OpenTelemetry's own definitions,
// as npm's @opentelemetry/otlp-transformer has them compiled (node_modules in the folder OTLP); gRPC is spoken by npm's @grpc/grpc-js.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';

const [otlp, grpcJs] = process.argv.slice(2);
const definitions = createRequire(`${otlp}/node_modules/`)(`${otlp}/node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js`);
const { ExportTraceServiceRequest: Request, ExportTraceServiceResponse: Response } = definitions.opentelemetry.proto.collector.trace.v1;
const grpc = createRequire(`${grpcJs}/node_modules/`)('@grpc/grpc-js');

const hex = bytes => Buffer.from(bytes ?? []).toString('hex');
const value = one => one.stringValue ?? (one.arrayValue ? one.arrayValue.values.map(value) : one.intValue != null ? Number(one.intValue) : one.boolValue ?? one.doubleValue);
const attributes = list => Object.fromEntries(list.map(({ key, value: one }) => [key, value(one)]));

function print(request, protocol, authorization = '') {
  for (const { resource, scopeSpans } of Request.toObject(request, { longs: String, arrays: true }).resourceSpans) {
    for (const span of scopeSpans.flatMap(scope => scope.spans)) {
      console.log(JSON.stringify({
        trace: hex(span.traceId), id: hex(span.spanId), parent: hex(span.parentSpanId), name: span.name, kind: span.kind, start: span.startTimeUnixNano, end: span.endTimeUnixNano,
        attributes: attributes(span.attributes), links: span.links.map(link => ({ trace: hex(link.traceId), id: hex(link.spanId) })), status: span.status?.code ?? 0, message: span.status?.message ?? '',
        resource: attributes(resource.attributes), protocol, authorization,
      }));
    }
  }
}

const http = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method !== 'POST' || request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/x-protobuf') return response.writeHead(404).end();
  const body = Buffer.concat(chunks);
  print(Request.decode(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body), 'http', request.headers.authorization);
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(Response.encode({}).finish());
});

const server = new grpc.Server();
server.addService({
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export', requestStream: false, responseStream: false,
    requestSerialize: request => Buffer.from(Request.encode(request).finish()), requestDeserialize: bytes => Request.decode(bytes),
    responseSerialize: response => Buffer.from(Response.encode(response).finish()), responseDeserialize: bytes => Response.decode(bytes),
  },
}, {
  Export(call, answer) {
    print(call.request, 'grpc', call.metadata.get('authorization')[0]);
    answer(null, {});
  },
});

http.listen(0, '127.0.0.1', () => server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (fault, port) => {
  if (fault) throw fault;
  console.log(JSON.stringify({ http: `http://127.0.0.1:${http.address().port}`, grpc: `http://127.0.0.1:${port}` }));
}));
