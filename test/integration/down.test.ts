/** Taking a stack down, and what the next up finds again. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { helpText } from "../../lib/cli/help.ts";
import { SERVICES } from "../../lib/serviceNames.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
  // As in a stack that configures none.
  const { files: _, ...front } = scratch.config["front"] as Record<string, unknown>;
  scratch.config["front"] = front;
  await scratch.upWell();
  await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
});
afterAll(() => scratch?.remove());

/** `npm run down` on the scratch stack. */
const down = (...args: string[]) =>
  execute(
    process.execPath,
    ["scripts/down.ts", "--stack", scratch.stack, `--config-file=${scratch.configFile}`, ...args],
    scratch.env,
  );

/** `npm run stack -- rm` on the scratch stack. */
const remove = () => stackCommand("rm", scratch.stack, "--yes");
const stackCommand = (...args: string[]) =>
  execute(process.execPath, ["scripts/stack.ts", ...args], scratch.env);

const budgets = async () =>
  ((await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as { name: string }[]).map(
    ({ name }) => name,
  );

const volume = () => `agatha-${scratch.stack}-db-data`;

it("down and rm touch nothing if another docker engine than the stack's answers", async () => {
  const file = join(scratch.folder, "exported.json");
  const move = async (from: string, to: string) => {
    await scratch.pulumi(["stack", "export", "--file", file]);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(from, to));
    expect((await scratch.pulumi(["stack", "import", "--file", file])).code).toBe(0);
  };
  const [engine = ""] = await scratch.docker("info", "--format", "{{.ID}}");
  const before = await scratch.running();
  await move(engine, "ANOTHER:ENGINE");
  for (const { code, output } of [await down("--volumes"), await remove()]) {
    expect(code, output).toBe(1);
    expect(output).toContain(
      `answers another docker engine than the one that stack ${scratch.stack} runs on`,
    );
    expect(output).toContain("Nothing was removed.");
  }
  expect(await scratch.running()).toEqual(before);
  expect(await scratch.own("volume")).toContain(volume());
  await move("ANOTHER:ENGINE", engine);
});

it("down removes everything but the data and the images, and says where the data is", async () => {
  const images = (await scratch.outputs())["images"] as Record<string, { ref: string }>;
  const { code, output } = await down();
  expect(code, output).toBe(0);
  expect(output).toContain(`No container and no network of stack ${scratch.stack} is left.`);
  expect(output).toContain(
    `The data is kept in volume ${volume()}; \`npm run down -- --volumes --stack ${scratch.stack}\` drops it.`,
  );
  expect(await scratch.own("container")).toEqual([]);
  expect(await scratch.own("network")).toEqual([]);
  expect(await scratch.own("volume")).toEqual([volume()]);
  for (const { ref } of Object.values(images))
    await scratch.docker("image", "inspect", "--format", "{{.Id}}", ref);
});

it("the next up uses the data, also with another password", async () => {
  scratch.config["databasePassword"] = `${scratch.password}-other`;
  await scratch.upWell();
  expect(await budgets()).toEqual(["kept"]);
});

it("the database was shut down cleanly: no crash recovery at its next start", async () => {
  const log = (await scratch.docker("logs", await scratch.container("db"))).join("\n");
  expect(log).toMatch(/database system was shut down at/);
  expect(log).not.toMatch(/not properly shut down|automatic recovery/);
});

it("commands that drop data ask first, and without a terminal change nothing", async () => {
  const before = await scratch.running();
  for (const { code, output } of [await down("--volumes"), await stackCommand("rm", scratch.stack)]) {
    expect(code, output).toBe(1);
    expect(output).toContain(`Stack ${scratch.stack} goes, with the data in volume ${volume()}.`);
    expect(output).toMatch(/there is no terminal to ask at\. Nothing was changed\. Add --yes\.\n$/);
  }
  // Regression: Pulumi printed its help for this and exited with 0, and the data was dropped.
  for (const asked of ["--help", "-h"])
    expect(await down("--volumes", "--yes", asked)).toMatchObject({ code: 0, output: helpText("down") });
  expect(await scratch.running()).toEqual(before);
  expect(await scratch.own("volume")).toContain(volume());
});

it("down --volumes drops the data, by name", async () => {
  const { code, output } = await down("--volumes", "--yes");
  expect(code, output).toBe(0);
  const lines = output.split("\n");
  expect(lines[0]).toBe(`Stack ${scratch.stack} goes, with the data in volume ${volume()}.`);
  expect(lines.slice(1)).toContain(`Volume ${volume()} and the data in it are gone.`);
  expect(await scratch.own("volume")).toEqual([]);
});

it("the next up begins with an empty database", async () => {
  await scratch.upWell();
  expect(await budgets()).toEqual([]);
});

// Regression: Pulumi does not check what its state lists, and `up` said "Agatha is up".
it("up names a missing service, and the command that brings it back", async () => {
  const where = ["--stack", scratch.stack, "--config-file", scratch.configFile];
  const up = (...args: string[]) =>
    execute(process.execPath, ["scripts/up.ts", ...where, ...args], scratch.env);
  await scratch.docker("rm", "--force", await scratch.container("db"));
  const gone = await up();
  expect(gone.code, gone.output).toBe(1);
  expect(gone.output).toContain(`up: stack ${scratch.stack} is not up: db is not there`);
  expect(gone.output).toContain(`\`npm run up -- --refresh --stack ${scratch.stack}\` makes it again.`);
  expect(gone.output).not.toContain("Agatha is up");
  const back = await up("--refresh");
  expect(back.code, back.output).toBe(0);
  expect(back.output).toContain(`Agatha is up on stack ${scratch.stack}.\n  front     ${scratch.frontUrl}\n`);
  expect(await budgets()).toEqual([]);
});

describe("with state and passphrase lost", () => {
  const script = (name: string, ...args: string[]) =>
    execute(process.execPath, [`scripts/${name}.ts`, "--stack", scratch.stack, ...args], scratch.env);

  /** A block of docs/state.md, with another stack file than the rest of this test. */
  const documented = (name: string) => runBlock(scratch, ["docs/state.md", "integration/down.test.ts", name]);

  beforeAll(async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('outlived', 1)");
    scratch.env["PULUMI_CONFIG_PASSPHRASE"] = "another";
    await documented("lost passphrase");
    // Pulumi's salt, which belongs to the passphrase.
    rmSync(scratch.configFile);
  });

  it("everything still runs, and neither up nor down touches it unasked", async () => {
    const make = () => stackCommand("new", scratch.stack);
    // A preview must not create the stack either: later commands would take it for their own.
    const commands = ["preview", "up", "down"].map((name) => () => script(name));
    for (const command of [...commands, make, remove]) {
      const { code, output } = await command();
      expect(code, output).toBe(1);
      expect(output).toContain(`stack ${scratch.stack}: is not in this Pulumi backend, but `);
      expect(output).toContain(`npm run down -- --stack ${scratch.stack} --without-state`);
      expect(output).toContain(await scratch.container("db"));
    }
    expect(await budgets()).toEqual(["outlived"]);
  });

  it("down --without-state removes everything but the data, and the next up goes on with the data", async () => {
    const names = await Promise.all(SERVICES.toReversed().map(scratch.container));
    const output = await documented("without state");
    const order = names.map((name) => output.indexOf(`Container ${name} is stopped and removed.`));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThanOrEqual(0);
    expect(output).toContain(`No container and no network of stack ${scratch.stack} is left.`);
    // AGATHA_STACK selects the stack for the page's commands.
    expect(output).toContain(
      `The data is kept in volume ${volume()}; \`npm run down -- --volumes\` drops it.`,
    );
    expect(await budgets()).toEqual(["outlived"]);
    const log = (await scratch.docker("logs", await scratch.container("db"))).join("\n");
    expect(log).not.toMatch(/not properly shut down|automatic recovery/);
  });
});
