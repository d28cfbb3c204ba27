/** Taking a stack down, and what is found again after. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { execute, Scratch } from "../support/scratch.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
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

const budgets = async () =>
  ((await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as { name: string }[]).map(
    ({ name }) => name,
  );

const volume = () => `agatha-${scratch.stack}-db-data`;

it("down removes all but the data and the images, and says where the data is", async () => {
  const images = (await scratch.outputs())["images"] as Record<string, { ref: string }>;
  const { code, output } = await down();
  expect(code, output).toBe(0);
  expect(output).toContain(`The data is kept in volume ${volume()}`);
  expect(await scratch.own("container")).toEqual([]);
  expect(await scratch.own("network")).toEqual([]);
  expect(await scratch.own("volume")).toEqual([volume()]);
  for (const { ref } of Object.values(images))
    await scratch.docker("image", "inspect", "--format", "{{.Id}}", ref);
});

it("the next up finds the data, also with another password, and lets the back in", async () => {
  scratch.config["databasePassword"] = `${scratch.password}-other`;
  await scratch.upWell();
  expect(await budgets()).toEqual(["kept"]);
});

it("the database was stopped in good order: no crash recovery at its next start", async () => {
  const log = (await scratch.docker("logs", scratch.container("db"))).join("\n");
  expect(log).toMatch(/database system was shut down at/);
  expect(log).not.toMatch(/not properly shut down|automatic recovery/);
});

it("down --volumes drops the data, by name", async () => {
  const { code, output } = await down("--volumes");
  expect(code, output).toBe(0);
  expect(output).toContain(`Volume ${volume()} and the data in it are gone.`);
  expect(await scratch.own("volume")).toEqual([]);
});

it("the up after that begins with an empty database", async () => {
  await scratch.upWell();
  expect(await budgets()).toEqual([]);
});
