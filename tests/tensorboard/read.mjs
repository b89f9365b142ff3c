// Reads files of TensorBoard's events as others do: node read.mjs GRPC_JS TFRECORDS FILE... prints an event a line. Records and their checksums are read by @roboflow/tfrecords, messages by protobufjs (which comes with
// @grpc/proto-loader), by the numbers that TensorBoard's fields have (tensorboard/compat/proto/event.proto and summary.proto, tensorboard/plugins/hparams/plugin_data.proto); what is not named here is passed over.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [grpc, tfrecords, ...files] = process.argv.slice(2);
const protobuf = createRequire(`${grpc}/node_modules/`)('protobufjs');
const { crc32c, maskCrc, readInt64 } = createRequire(`${tfrecords}/node_modules/`)('@roboflow/tfrecords/src/tensorFlowHelpers.js');

const fields = list => ({ fields: Object.fromEntries(list.map(([name, type, id, rule]) => [name, { type, id, ...(rule && { rule }) }])) });
const root = protobuf.Root.fromJSON({ nested: {
  Event: fields([['wall_time', 'double', 1], ['step', 'int64', 2], ['file_version', 'string', 3], ['summary', 'Summary', 5], ['session_log', 'SessionLog', 7]]),
  SessionLog: fields([['status', 'SessionStatus', 1]]),
  SessionStatus: { values: { STATUS_UNSPECIFIED: 0, START: 1, STOP: 2, CHECKPOINT: 3 } },
  Summary: fields([['value', 'Value', 1, 'repeated']]),
  Value: fields([['tag', 'string', 1], ['simple_value', 'float', 2], ['image', 'Image', 4], ['tensor', 'Tensor', 8], ['metadata', 'Metadata', 9]]),
  Image: fields([['height', 'int32', 1], ['width', 'int32', 2], ['colorspace', 'int32', 3], ['encoded_image_string', 'bytes', 4]]),
  Tensor: fields([['dtype', 'int32', 1], ['string_val', 'bytes', 8, 'repeated']]),
  Metadata: fields([['plugin_data', 'PluginData', 1]]),
  PluginData: fields([['plugin_name', 'string', 1], ['content', 'bytes', 2]]),
  Hparams: fields([['version', 'int32', 1], ['session_start_info', 'Start', 3], ['session_end_info', 'End', 4]]),
  Start: { fields: { hparams: { keyType: 'string', type: 'Hparam', id: 1 }, group_name: { type: 'string', id: 4 }, start_time_secs: { type: 'double', id: 5 } } },
  Hparam: fields([['numberValue', 'double', 2], ['stringValue', 'string', 3], ['boolValue', 'bool', 4]]), // google.protobuf.Value
  End: fields([['status', 'Status', 1], ['end_time_secs', 'double', 2]]),
  Status: { values: { STATUS_UNKNOWN: 0, STATUS_SUCCESS: 1, STATUS_FAILURE: 2, STATUS_RUNNING: 3 } },
} });
const Event = root.lookupType('Event');
const Hparams = root.lookupType('Hparams');
const shown = { longs: Number, enums: String, bytes: String };

for (const file of files) {
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length;) {
    const head = bytes.subarray(at, at + 8);
    const length = readInt64(head);
    const body = bytes.subarray(at + 12, at + 12 + length);
    if (at + 16 + length > bytes.length) {
      break; // Its writer was killed, or is at it.
    }

    if (maskCrc(crc32c(head)) !== bytes.readUInt32LE(at + 8) || maskCrc(crc32c(body)) !== bytes.readUInt32LE(at + 12 + length)) {
      throw new Error(`${file}: the record at ${at} is damaged.`);
    }

    console.log(JSON.stringify(told(Event.decode(body))));
    at += 16 + length;
  }
}

// With what is packed for a plugin.
function told(event) {
  const text = Event.toObject(event, shown);
  (event.summary?.value ?? []).forEach((value, i) => {
    const { plugin_name: plugin, content } = value.metadata?.plugin_data ?? {};
    if (plugin === 'hparams') {
      text.summary.value[i].hparams = Hparams.toObject(Hparams.decode(content), shown);
    }
  });
  return text;
}
