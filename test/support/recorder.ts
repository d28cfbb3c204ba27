/** Pulumi without an engine: records every registration of a program, in its order. */
import * as pulumi from "@pulumi/pulumi";

export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** The provider's URN and id; empty where it is the package's default one. */
  provider: string;
}

/**
 * Answers registrations from now on; in a preview a new resource's id is unknown, as it is with a real engine.
 *
 * @param stdout What each Command prints, by the resource's name. Default: nothing.
 * @param stash What a Stash has kept from an earlier update. Default: nothing, so that it keeps what it is given.
 */
export function record(
  options: {
    preview?: boolean;
    config?: Record<string, string>;
    stdout?: (name: string) => string;
    stash?: object;
  } = {},
): Registered[] {
  const registered: Registered[] = [];
  pulumi.runtime.setAllConfig(options.config ?? {});
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom, provider = "" }) => {
        registered.push({ type, name, inputs: custom === false ? {} : inputs, provider });
        if (type === "pulumi:index:Stash")
          return { id: `${name}-id`, state: { ...inputs, output: options.stash ?? inputs["input"] } };
        const outputs =
          type === "command:local:Command" ? { ...inputs, stdout: options.stdout?.(name) ?? "" } : inputs;
        return { id: options.preview ? "" : `${name}-id`, state: outputs };
      },
      call: () => ({}),
    },
    "agatha",
    "dev",
    options.preview ?? false,
  );
  return registered;
}

/** The one registration of that name and type; more or none is an error. */
export function only(registered: Registered[], type: string, name: string): Registered["inputs"] {
  const matching = registered.filter((resource) => resource.type === type && resource.name === name);
  const [resource] = matching;
  if (resource === undefined || matching.length > 1)
    throw new Error(`${matching.length} registrations of ${type} ${name}`);
  return resource.inputs;
}

/** An output's value. */
export const settled = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => output.apply(resolve));
