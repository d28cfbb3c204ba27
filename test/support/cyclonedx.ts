/** Validates a software inventory with CycloneDX's own schema. */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

const FOLDER = "node_modules/@cyclonedx/cyclonedx-library/res/schema";
const read = (name: string) => JSON.parse(readFileSync(`${FOLDER}/${name}.SNAPSHOT.schema.json`, "utf8"));

let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  if (compiled !== undefined) return compiled;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // Formats that ajv does not know: any value passes.
  for (const format of ["idn-email", "iri-reference"]) ajv.addFormat(format, true);
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  compiled = ajv.compile(read("bom-1.6"));
  return compiled;
}

/** What is wrong with a CycloneDX 1.6 document, one line each; none if it is valid. */
export function cycloneDxErrors(document: unknown): string[] {
  const validate = validator();
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
