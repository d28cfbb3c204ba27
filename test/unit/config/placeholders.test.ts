/** `${…}` in texts: what is filled in, what is refused, and what is the text's own. */
import { describe, expect, it } from "vitest";
import { frontService } from "../../../components/services.ts";
import { fill, publishedUrls } from "../../../lib/config/placeholders.ts";
import { errors, load } from "../../support/configuration.ts";

const LOCAL = { address: "unix:///var/run/docker.sock" };
const inFront = (text: string) => ({ front: { files: { "x.js": { text } } } });

/** What the front serves. */
const served = (text: string, more: Record<string, unknown> = {}, host = LOCAL) => {
  const config = load({ ...inFront(text), ...more });
  const { files } = frontService(config, "image", publishedUrls(config, host));
  return Buffer.from(String(files[0]?.content), "base64").toString();
};

describe("a text of the front's files", () => {
  it("has the published addresses filled in, as the outputs have them", () => {
    expect(served("${backPort} ${backUrl} ${frontUrl} ${backUrl}")).toBe(
      "8000 http://127.0.0.1:8000 http://127.0.0.1:5173 http://127.0.0.1:8000",
    );
  });

  it.each([
    ["0.0.0.0", "unix:///x", "localhost:9000"],
    ["0.0.0.0", "ssh://me@far.example:22", "far.example:9000"],
    ["::", "tcp://[2001:db8::1]:2376", "[2001:db8::1]:9000"],
    ["::1", "ssh://me@far.example", "[::1]:9000"],
    ["10.0.0.7", "ssh://me@far.example", "10.0.0.7:9000"],
  ])("has the docker host's name for the address %s on %s", (address, host, expected) => {
    const back = { publish: { address, port: 9000 } };
    expect(served("${backUrl}", { back }, { address: host })).toBe(`http://${expected}`);
  });

  it.each([
    "`${location.protocol}//${location.hostname}`",
    "${name} ${ backUrl } ${BACKURL} $backUrl {backUrl} ${backUrl",
    "${constructor} ${__proto__} ${toString}",
    "日本 ${größe} \\u0000 $& $1 $`",
  ])("keeps all else: %s", (text) => {
    expect(served(text)).toBe(text);
  });

  it("is filled in once", () => {
    expect(fill("${a}${b}", { a: "${b}", b: "$&" })).toBe("${b}$&");
  });

  it.each(["databasePassword", "databaseHost", "databasePort", "databaseName", "databaseUser"])(
    "is refused ${%s}, since the front is public",
    (name) => {
      expect(errors(inFront(`a \${${name}} b \${${name}}`))).toEqual([
        `agatha:front.files["x.js"].text: \${${name}} is the database's, and the front is public. Remove it.`,
      ]);
    },
  );

  it("is refused the address of what is not published, with the fix", () => {
    expect(errors({ back: { publish: false }, ...inFront("${backUrl}${backPort}") })).toEqual(
      ["backUrl", "backPort"].map(
        (name) =>
          `agatha:front.files["x.js"].text: \${${name}} is where the back is published, and back.publish is false. Publish it, or write the address that browsers use.`,
      ),
    );
    expect(errors({ back: { publish: false }, ...inFront("${frontUrl}") })).toEqual([]);
  });
});

it("a property of the back has them too, beside the database's", () => {
  const properties = { origin: "${frontUrl}", own: "${frontUri} ${x}" };
  expect(errors({ back: { properties } })).toEqual([]);
  expect(errors({ back: { properties }, front: { publish: false } })).toEqual([
    "agatha:back.properties.origin: ${frontUrl} is where the front is published, and front.publish is false. Publish it, or write the address that browsers use.",
  ]);
  expect(publishedUrls(load(), LOCAL).frontUrl).toBe("http://127.0.0.1:5173");
});

it("with a domain, that is where browsers find both", () => {
  const config = load();
  config.gateway.domain = "app.example.org";
  const origin = "https://app.example.org";
  expect(publishedUrls(config, LOCAL)).toEqual({ backPort: "8000", backUrl: origin, frontUrl: origin });
});

it("a text of the back's files is left as it is", () => {
  const text = "${backUrl} ${databasePassword}";
  expect(errors({ back: { files: { "/home/x": { text } }, publish: false } })).toEqual([]);
});
