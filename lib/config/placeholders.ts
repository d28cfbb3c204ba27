/** Placeholders in texts of the configuration: what is written `${databaseHost}` there. Others are the text's own. */
import { addressOf, type DockerHost } from "../docker/host.ts";
import type { Config } from "./schema.ts";

/** In `back.properties`. The front is public, and is refused them. */
export const DATABASE = [
  "databaseHost",
  "databasePort",
  "databaseName",
  "databaseUser",
  "databasePassword",
] as const;

/** In `back.properties` and the texts of `front.files`: the service whose published address it is. */
export const PUBLISHED = { backPort: "back", backUrl: "back", frontUrl: "front" } as const;

export type Urls = Partial<Record<keyof typeof PUBLISHED, string>>;

/** The names of all placeholders in a text, other programs' too. */
export const placeholdersIn = (text: string): string[] =>
  [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name);

/** Fills in what has a value, once: a value's own placeholders stay. */
export const fill = (text: string, values: Record<string, string>): string =>
  text.replace(/\$\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );

/** Where a browser finds the services: at the domain, if there is one; nothing for one that is not published. */
export function publishedUrls({ back, front, gateway }: Config, host: Pick<DockerHost, "address">): Urls {
  const values: Urls = {};
  if (back.publish !== false) {
    values.backPort = String(back.publish.port);
    values.backUrl = `http://${addressOf(back.publish, host)}`;
  }
  if (front.publish !== false) values.frontUrl = `http://${addressOf(front.publish, host)}`;
  if (gateway.domain === undefined) return values;
  const origin = `https://${gateway.domain}`;
  return { ...values, backUrl: origin, frontUrl: origin };
}
