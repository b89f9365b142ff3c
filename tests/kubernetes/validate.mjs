// Validates Kubernetes' objects (YAML) by the schemas of the API server and of the operators that bring their kinds, which npm's
// kubernetes-models carry. Prints how many there were, and what is wrong with each.
//   node validate.mjs NODE_MODULES FILE
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const modules = resolve(process.argv[2]);
const yaml = createRequire(join(modules, "here.js"))("yaml");
const operators = {
  "cert-manager.io": "@kubernetes-models/cert-manager",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "keda.sh": "@kubernetes-models/keda",
};

function kindsOf(apiVersion) {
  const folder = join(modules, operators[apiVersion.split("/")[0]] ?? "kubernetes-models", apiVersion);
  return import(pathToFileURL(["index.mjs", "index.js"].map((name) => join(folder, name)).find(existsSync)));
}

const objects = yaml.parseAllDocuments(readFileSync(process.argv[3], "utf8")).map((document) => document.toJS());
for (const object of objects) {
  const { [object.kind]: Model } = await kindsOf(object.apiVersion);
  try {
    new Model(object).validate();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${object.kind} ${object.metadata.name}: ${error.message}`);
  }
}
console.log(`${objects.length} objects`);
