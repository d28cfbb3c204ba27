/** A stack without state and secrets, for previews that have no access to them: a pull request from a fork. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Document, isMap, parseDocument, visit } from "yaml";
import type { Env } from "../process.ts";
import { fileOf, isSecret, PASSWORD_KEY } from "../stacks/file.ts";
import { pulumiOutput } from "../stacks/pulumi.ts";
import { UserError } from "../userError.ts";

/** Stands for a secret. */
const PLACEHOLDER = "placeholder-of-a-secret";

/** A stack's file with a placeholder for each secret, and for the one that is required. @throws UserError if it is not YAML. */
export function withoutSecrets(file: string, text: string): string {
  const document: Document = parseDocument(text);
  if (document.errors.length > 0)
    throw new UserError(`${file}: is not YAML: ${document.errors[0]?.message} Fix it, then run this again.`);
  if (!isMap(document.contents)) document.contents = document.createNode({});
  visit(document, {
    Map: (_, map) => (isSecret(map.toJSON()) ? document.createNode(PLACEHOLDER) : undefined),
  });
  // How Pulumi encrypts the stack's secrets.
  for (const key of ["encryptionsalt", "encryptedkey", "secretsprovider"]) document.delete(key);
  if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
  const password = ["config", PASSWORD_KEY];
  if (!document.hasIn(password)) document.setIn(password, PLACEHOLDER);
  return document.toString();
}

/**
 * Makes the stack in a temporary file backend with a passphrase of its own, and calls `body`.
 *
 * @param file The stack's file.
 * @param body Gets the arguments that name the config, and the environment for pulumi.
 * @throws UserError if the stack has no file.
 */
export async function withEmptyState<T>(
  stack: string,
  file: string,
  env: Env,
  body: (config: string[], env: Env) => Promise<T>,
): Promise<T> {
  if (!existsSync(file))
    throw new UserError(`--stack: ${JSON.stringify(stack)} has no file ${file}. Name a stack that has one.`);
  const folder = mkdtempSync(join(tmpdir(), "agatha-preview-"));
  const [config, state] = [join(folder, fileOf(stack)), join(folder, "state")];
  const empty: Env = {
    ...env,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
  };
  delete empty["PULUMI_CONFIG_PASSPHRASE_FILE"];
  delete empty["PULUMI_ACCESS_TOKEN"];
  try {
    mkdirSync(state);
    writeFileSync(config, withoutSecrets(file, readFileSync(file, "utf8")));
    // Pulumi writes its salt beside Pulumi.yaml: this one keeps it out of the clone.
    writeFileSync(join(folder, "Pulumi.yaml"), "name: agatha\nruntime: nodejs\n");
    const args = ["stack", "init", stack, "--no-select", "--non-interactive"];
    await pulumiOutput(args, empty, { cwd: folder });
    return await body(["--config-file", config], { ...empty, AGATHA_CONFIG_FILE: config });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
