/** Pulumi without an engine: records every registration of a program, in order. */
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";

export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** The provider's URN and id; empty for the package's default one. */
  provider: string;
}

/** A registration as the engine gets it: every input, which are secret, and every option. */
export type Request = Record<string, unknown>;

/** How a secret is marked on the wire (sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** `urn:pulumi:dev::agatha::docker:index/network:Network::network` -> `docker:index/network:Network network` */
const short = (urn: string): string => urn.split("::").slice(2, 4).join(" ").replace(/^.*\$/, "");

/** A wire value with its secrets as `{ secret: value }`. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return { secret: plain((value as { value?: unknown }).value) };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/** What is set of an object; undefined if nothing is. */
function set(all: object = {}): Request | undefined {
  const found = Object.entries(all).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** What a request holds beside what every one has: an option that is not set is left out. */
function described(request: RegisterResourceRequest): Request {
  const all = {
    parent: short(request.getParent()),
    provider: short(request.getProvider()),
    dependsOn: request.getDependenciesList().map(short).sort(),
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    deleteBeforeReplace: request.getDeletebeforereplacedefined() && String(request.getDeletebeforereplace()),
    retainOnDelete: request.getRetainondelete(),
    protect: request.getProtect(),
    customTimeouts: set(request.getCustomtimeouts()?.toObject()),
    aliases: request.getAliasesList().map((alias) => alias.toObject()),
    deletedWith: short(request.getDeletedwith()),
    inputs: request.getCustom() ? plain(request.getObject()?.toJavaScript()) : undefined,
  };
  return set(all) ?? {};
}

/**
 * Listens to what the program sends to the monitor, since mocks are given no options.
 *
 * @returns Every request from now on, by `type name`; two of the same name are an error.
 */
export function listen(): Record<string, Request> {
  const requests: Record<string, Request> = {};
  const monitor = getMonitor() as unknown as {
    registerResource(request: RegisterResourceRequest, callback: unknown): void;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const name = `${request.getType()} ${request.getName()}`;
    if (name in requests) throw new Error(`two registrations of ${name}`);
    requests[name] = described(request);
    register(request, callback);
  };
  return requests;
}

/**
 * Answers registrations from now on; in a preview a new resource's id is unknown, as it is with a real engine.
 *
 * @param outputs What each Command prints, by the resource's name. Default: nothing.
 * @param stash What a Stash has kept from an earlier update. Default: nothing, so that it keeps what it is given.
 */
export function record({ preview = false, config = {}, outputs, stash }: RecordOptions = {}): Registered[] {
  const registered: Registered[] = [];
  pulumi.runtime.setAllConfig(config);
  const newResource = ({ type, name, inputs, custom, provider = "" }: pulumi.runtime.MockResourceArgs) => {
    registered.push({ type, name, inputs: custom === false ? {} : inputs, provider });
    const id = `${name}-id`;
    if (type === "pulumi:index:Stash") return { id, state: { ...inputs, output: stash ?? inputs["input"] } };
    const printed = type === "command:local:Command" ? { stdout: "", stderr: "", ...outputs?.(name) } : {};
    return { id: preview ? "" : id, state: { ...inputs, ...printed } };
  };
  pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "agatha", "dev", preview);
  return registered;
}

interface RecordOptions {
  preview?: boolean;
  config?: Record<string, string>;
  outputs?: (name: string) => { stdout?: string; stderr?: string };
  stash?: object;
}

/** The one registration of that name and type; more or none is an error. */
export function only(registered: Registered[], type: string, name: string): Registered["inputs"] {
  const found = registered.filter((resource) => resource.type === type && resource.name === name);
  if (found[0] === undefined || found.length > 1)
    throw new Error(`${found.length} registrations of ${type} ${name}`);
  return found[0].inputs;
}

/** An output's value. */
export const settled = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => output.apply(resolve));
