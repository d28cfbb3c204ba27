import { describe, expect, it } from "vitest";
import { errors } from "../../support/configuration.ts";

describe("errors", () => {
  it("come all at once, each with its key, the value received and the fix", () => {
    expect(
      errors({
        back: { port: "x", health: { statuses: [] } },
        front: { memory: 1 },
        packages: "host",
      }).sort(),
    ).toEqual([
      "agatha:back.health.statuses: [] is empty. Name at least one HTTP status, like 200.",
      'agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.',
      "agatha:front.memory: 1 is too small. Give at least 16.",
      'agatha:packages: "host" is not a package set. Use "nixpkgs" (the pin) or "debian" (this machine\'s Debian packages, once called "host"), also in AGATHA_PACKAGES.',
    ]);
  });

  it.each([
    [
      "publish without a port it could guess",
      { database: { publish: {} } },
      "agatha:database.publish.port: is missing. Use a whole number from 1 to 65535.",
    ],
    ["no processors", { back: { cpus: 0 } }, "agatha:back.cpus: 0 is too small. Give at least 0.1."],
    [
      "processors as a text",
      { front: { cpus: "two" } },
      'agatha:front.cpus: "two" is not a number of processors. Write it like 2 or 0.5.',
    ],
    [
      "a file in the root folder",
      { back: { files: { "/x.txt": { text: "" } } } },
      'agatha:back.files["/x.txt"]: is in the root folder, which is read-only. Put it into a folder',
    ],
    [
      "a file where none can be put",
      { back: { files: { "/tmp/x": { text: "" } } } },
      'agatha:back.files["/tmp/x"]: is where files cannot be put',
    ],
    [
      "publish on a name",
      { back: { publish: { address: "localhost" } } },
      'agatha:back.publish.address: "localhost" is not an IP address.',
    ],
    [
      "a duration without unit",
      { back: { health: { interval: "5" } } },
      'agatha:back.health.interval: "5" is not a duration.',
    ],
    [
      "a relative path in the container",
      { back: { files: { "home/x": { text: "" } } } },
      "is not an absolute path in the container.",
    ],
    [
      "a path that climbs",
      { front: { files: { "../x": { text: "" } } } },
      "is not a path below the front's folder.",
    ],
    [
      "a file without content",
      { back: { files: { "/home/x": {} } } },
      "is neither { file: PATH } nor { text: CONTENT }.",
    ],
    [
      "a Java that Flyway does not run on",
      { back: { java: 11 } },
      "agatha:back.java: 11 is not a supported Java release. Use 17, 21 or 25.",
    ],
    [
      "a Java that nixpkgs has removed",
      { back: { java: 24 } },
      "agatha:back.java: 24 is not a supported Java release. Use 17, 21 or 25.",
    ],
    [
      "a module that the JDK does not have",
      { back: { modules: ["java.nonesuch"] } },
      'agatha:back.modules[0]: "java.nonesuch" is no module of the JDK. Take it out of back.modules.',
    ],
    ["a signal by number", { back: { stopSignal: "15" } }, "is not a signal. Write it like SIGTERM."],
    [
      "a docker host without scheme",
      { dockerHost: "example.org" },
      'agatha:dockerHost: "example.org" is not a docker host.',
    ],
    [
      "nothing below a key, as Pulumi has it",
      { back: "" },
      'agatha:back: "" is not an object. Write its keys',
    ],
    [
      "null for a map",
      { back: { env: null } },
      "agatha:back.env: the value (not shown) is not a map of names",
    ],
    ["null in a list", { back: { modules: [null] } }, "agatha:back.modules[0]: null is not a module's name."],
    [
      "null as a property",
      { back: { properties: { "db.url": null } } },
      'agatha:back.properties["db.url"]: the value (not shown) is not text, a number or a boolean.',
    ],
    [
      "a password in a URL, which is not shown",
      { dockerHost: "https://me:hush@example.org" },
      "agatha:dockerHost: the value (not shown) is not a docker host.",
    ],
    ["a port in octal", { back: { port: "0o777" } }, 'agatha:back.port: "0o777" is not a port.'],
    ["a date for a text", { front: { dist: 20_240_101 } }, "agatha:front.dist: 20240101 is not a path."],
    ["a list for an object", { back: [1] }, "agatha:back: [ … ] is not an object."],
    [
      "an old major version",
      { database: { version: 12 } },
      "is not a major version of PostgreSQL from 13 to 17.",
    ],
    [
      "a minor version",
      { database: { version: "17.2" } },
      "is not a major version of PostgreSQL from 13 to 17.",
    ],
    ["SQL in a name", { database: { name: 'x"; drop' } }, "is not a plain SQL name."],
    [
      "a line break in the password",
      { databasePassword: "a\nb" },
      "agatha:databasePassword: the value (not shown) holds a line break.",
    ],
  ])("name %s", (_, raw, expected) => {
    expect(errors(raw).join("\n")).toContain(expected);
  });

  it("never repeat a secret or a huge value", () => {
    const [error] = errors({ back: { properties: { token: ["hunter2"] } } });
    expect(error).toContain("agatha:back.properties.token: the value (not shown)");
    expect(errors({ back: { jar: "" }, front: { port: "9".repeat(5000) } }).join("\n").length).toBeLessThan(
      500,
    );
  });

  it("find a port that is taken twice", () => {
    expect(errors({ front: { publish: { port: 8000 } } })).toEqual([
      "agatha:front.publish.port: 8000 is taken by agatha:back.publish.port already. Choose another port for one of the two.",
    ]);
    expect(errors({ front: { publish: false }, database: { publish: { port: 5173 } } })).toEqual([]);
    const on = (address: string) => errors({ front: { publish: { address, port: 8000 } } });
    expect(on("10.0.0.1")).toEqual([]);
    expect(on("0.0.0.0")).toHaveLength(1);
    expect(on("::")).toHaveLength(1);
  });

  it("find what is not there before anything is deployed", () => {
    expect(
      errors(
        { back: { jar: "build/app.jar", migrations: "sample/migrations" } },
        { exists: (path) => path !== "build/app.jar" },
      ),
    ).toEqual([
      'agatha:back.jar: "build/app.jar" does not exist. Build it first (npm run sample), or point back.jar at your jar.',
    ]);
    expect(errors({}, { exists: () => false })).toHaveLength(4);
  });
});

it.each([
  [{ back: { health: { intervall: "5s" } } }, "back.health.intervall", "back.health.interval"],
  [{ front: { publish: { adress: "::1", port: 1 } } }, "front.publish.adress", "front.publish.address"],
  [{ database: { image: { nam: "x" } } }, "database.image.nam", "database.image.name"],
])("a typo in a key is reported with the key that was meant, however deep: %j", (given, key, meant) => {
  expect(errors(given)).toContain(`agatha:${key}: is not a key that is known. Did you mean ${meant}?`);
});

it("a typo in a placeholder is reported, and the back's own placeholders are left alone", () => {
  const properties = {
    url: "jdbc:${databaseHst}:${databasePort}",
    own: "${database.url} ${name} ${databaseSchema}",
  };
  expect(errors({ back: { properties } })).toEqual([
    "agatha:back.properties.url: ${databaseHst} is filled in by nothing. Did you mean ${databaseHost}?",
  ]);
});

it("the commands in errors name the stack, unless that is dev", () => {
  const raw = { gateway: { domain: "app.example.org" } };
  const options = ["--stack", "own", "--config-file", "a b.yaml"];
  expect(errors(raw, { stack: "own", options })[0]).toContain(
    "Set it: `pulumi config set --stack own --config-file 'a b.yaml' --path agatha:gateway.certificate < chain.pem`.",
  );
  expect(errors(raw)[0]).toContain(
    "Set it: `pulumi config set --path agatha:gateway.certificate < chain.pem`.",
  );
});
