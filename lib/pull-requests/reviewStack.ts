/** The comments on a review stack: where it is, that it did not come up, that it is gone. */
import { code, markdownTable, plain } from "../previews/markdown.ts";

/** @param urls Where each service is; undefined if it is not published. */
export function review(
  stack: string,
  urls: Record<string, string | undefined>,
  dockerHost: string | undefined,
): string {
  const published = Object.entries(urls).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const rows = published.map(([service, url]) => [`**${plain(service)}**`, `<${url}>`]);
  const parts = [`### Review stack ${plain(stack)} is up\n`];
  if (rows.length > 0) parts.push(markdownTable(["service", "where"], rows));
  const addresses = published.map(([, url]) => new URL(url));
  const tunnel = tunnelTo(addresses, dockerHost);
  if (tunnel !== undefined)
    parts.push(
      `Ports of 127.0.0.1 can be reached on the docker host only; ${code(tunnel)} forwards them to your machine.\n`,
    );
  parts.push("Its data stays from push to push, and is removed with it when the pull request is closed.\n");
  return parts.join("\n");
}

/** How to reach ports that the docker host publishes only for itself. */
function tunnelTo(urls: URL[], dockerHost: string | undefined): string | undefined {
  const own = urls.filter(({ hostname }) => /^(127\.|\[::1\]$)/.test(hostname));
  if (own.length === 0 || !dockerHost?.startsWith("ssh://")) return undefined;
  // A URL leaves out http's own port.
  const forward = own.map(({ port, hostname }) => `-L ${port || "80"}:${hostname}:${port || "80"}`).join(" ");
  // ssh takes the URL as it is, without the path that docker's client takes for the socket's.
  return `ssh -N ${forward} ${/^ssh:\/\/[^/]*/.exec(dockerHost)?.[0]}`;
}

/** @param run Address of the workflow's run. */
export const notUp = (stack: string, run: string): string =>
  `### Review stack ${plain(stack)} did not come up\n\nWhat ran before still runs. The [log](${run}) says why.\n`;

export const removed = (stack: string): string =>
  `### Review stack ${plain(stack)} is gone\n\nNothing of it is left, and neither is its data.\n`;

/** If there was nothing to remove. */
export const absent = (stack: string): string =>
  `### There is no review stack ${plain(stack)}\n\nThe Pulumi backend has none of that name, so nothing was done.\n`;

/** @param run Address of the workflow's run. */
export const notRemoved = (stack: string, run: string): string =>
  `### Review stack ${plain(stack)} could not be removed\n\nThe [log](${run}) says why. Run the job again once that is fixed, or run ${code(`npm run stack -- rm ${stack} --yes`)} logged in to the backend with its state.\n`;
