/** Brings an image to the docker host through a registry: pushes the blobs that the registry lacks, and pulls by digest. */
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { dockerError, inspect, tagged } from "../docker/client.ts";
import { type DockerHost, resolveDockerHost } from "../docker/host.ts";
import { run, start } from "../process.ts";
import { secondsSince } from "../units.ts";
import { UserError } from "../userError.ts";
import { failed, type Writer } from "./load.ts";
import { authFile, pullError, type Registry, registryError, repositoryOf } from "./registry.ts";

/** A registry, and the password of its login; empty if there is no login. */
export type OpenRegistry = Registry & { password: string };

/** @returns What was sent: `pushed to host:5000 in 0.8 s, pulled in 0.5 s`. */
export const throughRegistry = (image: Writer, ref: string, registry: OpenRegistry): Promise<string> =>
  loggedIn(registry, async (folder) => {
    const start = performance.now();
    const there = await lookUp(ref, registry, folder);
    const digest = there ?? (await push(image, ref, registry, folder));
    const what = `${there === undefined ? "pushed to" : "found in"} ${registry.address} in ${secondsSince(start)}`;
    const pushed = performance.now();
    await pull(ref, digest, registry, folder);
    return `${what}, pulled in ${secondsSince(pushed)}`;
  });

/** The digest of an image in the registry; undefined if it is not there. */
export const digestIn = (ref: string, registry: OpenRegistry): Promise<string | undefined> =>
  loggedIn(registry, (folder) => lookUp(ref, registry, folder));

/** @param work Gets the folder with the login. */
async function loggedIn<T>(registry: OpenRegistry, work: (folder: string) => Promise<T>): Promise<T> {
  // For this user only (0700): the login is in a file there, and so in no argument and no environment.
  const folder = mkdtempSync(join(tmpdir(), "agatha-registry-"));
  try {
    const login = authFile(registry, registry.password);
    writeFileSync(join(folder, "config.json"), login, { mode: 0o600 });
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const targetIn = (registry: Registry, ref: string): string => `docker://${repositoryOf(registry, ref)}`;

/** The tag is the hash of all inputs: an image with it is the same. */
async function lookUp(ref: string, registry: Registry, folder: string): Promise<string | undefined> {
  const how = [`--tls-verify=${!registry.insecure}`, "--authfile", join(folder, "config.json")];
  const there = await skopeo("inspect", ...how, "--format", "{{.Digest}}", targetIn(registry, ref));
  if (there.code === 0) return there.stdout.trim();
  if (!/manifest unknown|name unknown|not found/i.test(there.stderr))
    throw new UserError(registryError(registry, "this machine", there.stderr));
  return undefined;
}

/** @returns Its digest. */
async function push(image: Writer, ref: string, registry: Registry, folder: string): Promise<string> {
  // Compressed here first: the registry can only say that it has a blob if the digest is known.
  const layout = `oci:${join(folder, "image")}`;
  // skopeo needs a seekable file.
  const archive = join(folder, "archive.tar");
  await write(image, archive);
  const packed = await skopeo("copy", "--quiet", `docker-archive:${archive}`, layout);
  if (packed.code !== 0) throw new UserError(`skopeo copy: ${packed.stderr.trim()}`);
  const digestFile = join(folder, "digest");
  const login = [`--dest-tls-verify=${!registry.insecure}`, "--dest-authfile", join(folder, "config.json")];
  const copied = await skopeo("copy", ...login, "--digestfile", digestFile, layout, targetIn(registry, ref));
  if (copied.code !== 0) throw new UserError(registryError(registry, "this machine", copied.stderr));
  return readFileSync(digestFile, "utf8").trim();
}

/** Writes what the image's program prints to a file. */
async function write([program, args]: Writer, file: string): Promise<void> {
  const { child, ended } = start(program, args);
  await pipeline(child.stdout, createWriteStream(file)).catch((error: Error) => {
    child.kill();
    throw new UserError(`${file}: ${error.message}. Free some space in the temporary folder, or set TMPDIR.`);
  });
  const result = await ended;
  if (result.code !== 0) throw failed(program, result);
}

/** Without a policy on signatures: the image was built here. */
const skopeo = (...args: string[]) => run("skopeo", ["--insecure-policy", ...args]);

/** Lets the docker host pull by digest. Afterwards the image has only our name, so that it can be pruned by it. */
async function pull(ref: string, digest: string, registry: Registry, folder: string): Promise<void> {
  const byDigest = `${repositoryOf(registry, ref.split(":")[0] ?? "")}@${digest}`;
  const host = await resolveDockerHost(undefined);
  const args = ["pull", "--quiet", byDigest];
  const { code, stderr } = await run("docker", args, { env: loginEnvironment(host, folder) });
  if (code !== 0) throw new UserError(pullError(registry, host.address, stderr));
  // Another stack that pulls the same image may have removed this name: it gave the image ours before.
  if (!(await tagged(byDigest, ref)) && (await inspect("image", ref, ".Id")) === undefined)
    throw new UserError(`docker tag: ${byDigest} was pulled and is gone. Run up again.`);
  const removed = await run("docker", ["image", "rm", byDigest]);
  if (removed.code !== 0 && !/no such image/i.test(removed.stderr))
    throw new UserError(await dockerError(["image", "rm"], removed));
}

/** Environment of docker's client with this login. It finds no contexts in that folder, so the host is set explicitly. */
const loginEnvironment = ({ address, provider }: DockerHost, folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(provider.certPath && { DOCKER_CERT_PATH: provider.certPath, DOCKER_TLS_VERIFY: "1" }),
  ...{ DOCKER_HOST: address, DOCKER_CONFIG: folder },
});
