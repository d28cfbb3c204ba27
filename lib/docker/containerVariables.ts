/** Variables of a container, as `docker container inspect` lists them (`.Config.Env`). */

export const variableIn = (env: string[] | null | undefined, name: string): string | undefined =>
  env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);

/** `host:port` of the server outside of the stack that the container is a client of; undefined if it is none. */
export function serverIn(env: string[] | null | undefined): string | undefined {
  const host = variableIn(env, "PGHOST");
  return host && `${host}:${variableIn(env, "PGPORT")}`;
}
