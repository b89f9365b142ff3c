// Writes huggingface.parquet as Hugging Face's datasets writes images, with another implementation than the one that reads it: Rust's.
// npm install parquet-wasm@0.8.0 apache-arrow@21.2.0; node huggingface.mjs [rows] [file] [rows of a group] [compression]
import * as arrow from "apache-arrow"; import { Table as WT, writeParquet, WriterPropertiesBuilder, Compression } from "parquet-wasm"; import fs from "fs";
const n = Number(process.argv[2] ?? 7), out = process.argv[3] ?? "huggingface.parquet", group = Number(process.argv[4] ?? 3);
function bmp(v){ const b=Buffer.alloc(54+16); b.write("BM"); b.writeInt32LE(b.length,2); b.writeInt32LE(54,10); b.writeInt32LE(40,14); b.writeInt32LE(2,18); b.writeInt32LE(2,22); b.writeInt16LE(1,26); b.writeInt16LE(24,28); b.writeInt32LE(16,34); b.fill(v,54); return b; }
const image = new arrow.Struct([new arrow.Field("bytes", new arrow.Binary(), true), new arrow.Field("path", new arrow.Utf8(), true)]);
const hf = JSON.stringify({info:{features:{image:{_type:"Image"},label:{names:["cat","dog","owl"],_type:"ClassLabel"}}}});
const schema = new arrow.Schema([new arrow.Field("image", image, true), new arrow.Field("label", new arrow.Int64(), true)], new Map([["huggingface", hf]]));
const ib = arrow.makeBuilder({type: image, nullValues:[null]}), lb = arrow.makeBuilder({type: new arrow.Int64(), nullValues:[null]});
for (let i=0;i<n;i++){ ib.append({bytes: new Uint8Array(bmp(i*9%256)), path: i%3==1? null : `p${i}.bmp`}); lb.append(BigInt(i%3)); }
const batch = new arrow.RecordBatch(schema, arrow.makeData({type:new arrow.Struct(schema.fields), length:n, children:[ib.finish().flush(), lb.finish().flush()]}));
const t = new arrow.Table(schema, [batch]);
const props = new WriterPropertiesBuilder().setCompression(Compression[process.argv[5] ?? "SNAPPY"]).setMaxRowGroupSize(group).setKeyValueMetadata(new Map([["huggingface", hf]])).build();
fs.writeFileSync(out, writeParquet(WT.fromIPCStream(arrow.tableToIPC(t,"stream")), props)); console.log(out, fs.statSync(out).size);
