/** What a user does: brings the stack up, uses it through the API and through the browser, brings it up again. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SERVICES } from "../../lib/serviceNames.ts";
import { openBrowser } from "../support/browser.ts";
import { changes, type Ended, execute, type Operations, Scratch } from "../support/scratch.ts";

let scratch: Scratch;
let first: Ended & { operations: Operations };
let unused: string[];

beforeAll(async () => {
  scratch = await Scratch.make();
  unused = await unusedVolumes();
  first = await scratch.upWell();
});
afterAll(() => scratch?.remove());

/** Volumes with a name from docker that no container uses. */
const unusedVolumes = async () =>
  (await scratch.docker("volume", "ls", "--quiet", "--filter", "dangling=true")).filter((name) =>
    /^[0-9a-f]{64}$/.test(name),
  );

const post = (body: unknown) =>
  fetch(`${scratch.backUrl}/api/budgets`, { method: "POST", body: JSON.stringify(body) });

describe("the first up", () => {
  it("is followed by a status of four healthy services, at once", async () => {
    const args = ["run", "--silent", "status", "--", "--stack", scratch.stack];
    const { code, output } = await execute("npm", args, scratch.env);
    expect(code, output).toBe(0);
    expect(output.match(/\(healthy\)/g), output).toHaveLength(4);
  });

  it("prints the addresses, and hides the password", async () => {
    const image = {
      ref: expect.stringMatching(/^agatha-\w+-image:[0-9a-z]{32}$/),
      drvPath: expect.stringMatching(/^\/nix\/store\/.*\.drv$/),
      sizeBytes: expect.any(Number),
    };
    const outputs = await scratch.outputs();
    expect(outputs).toEqual({
      frontUrl: scratch.frontUrl,
      backUrl: scratch.backUrl,
      databaseUrl: "postgresql://postgres@agatha-db:5432/docker_agatha_db",
      databasePassword: "[secret]",
      images: { back: image, front: image, db: image, gateway: image },
    });
    for (const { sizeBytes } of Object.values(outputs["images"] as Record<string, { sizeBytes: number }>))
      expect(sizeBytes).toBeGreaterThan(1e6);
    expect(await scratch.outputs("--show-secrets")).toMatchObject({ databasePassword: scratch.password });
  });

  it("deploys the images that it names", async () => {
    const images = (await scratch.outputs())["images"] as Record<string, { ref: string }>;
    for (const service of SERVICES)
      expect(
        await scratch.docker("inspect", "--format", "{{.Config.Image}}", await scratch.container(service)),
      ).toEqual([images[service]?.ref]);
  });

  it("leaves only the four services running", async () => {
    const names = await scratch.docker(
      ...["ps", "--all", "--filter", `label=agatha.stack=${scratch.stack}`, "--format", "{{.Names}}"],
    );
    expect(names.sort()).toEqual((await Promise.all(SERVICES.map(scratch.container))).sort());
  });

  it("leaves no unused volume behind", async () => {
    expect((await unusedVolumes()).filter((name) => !unused.includes(name))).toEqual([]);
  });

  it("shows the output of its steps", () => {
    expect(first.output).toMatch(/Successfully applied 6 migrations/);
    expect(first.output).toMatch(/agatha-front is healthy after/);
  });
});

describe("the API", () => {
  it("adds a budget that PostgreSQL then has, and deletes it", async () => {
    const added = await post({ name: "Groceries", amountCents: 12345 });
    expect(added.status).toBe(201);
    const budget = (await added.json()) as { id: number };
    expect(budget).toMatchObject({ name: "Groceries", amountCents: 12345 });
    expect(await scratch.sql("select name, amount_cents from budget")).toEqual(["Groceries\t12345"]);

    const listed = (await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as unknown[];
    expect(listed).toEqual([budget]);

    const url = `${scratch.backUrl}/api/budgets/${budget.id}`;
    expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
    expect(await scratch.sql("select name from budget")).toEqual([]);
  });

  it.each([
    ["no name", { amountCents: 1 }, /name/i],
    ["a negative amount", { name: "x", amountCents: -1 }, /amountCents/],
    ["text for an amount", { name: "x", amountCents: "1" }, /amountCents/],
  ])("refuses %s with the reason", async (_what, body, reason) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toMatch(reason);
  });
});

describe("the front end, in a browser", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(scratch.frontUrl);
  });
  afterAll(() => browser?.close());

  const budget = (name: string) => page.getByTestId("budget-row").filter({ hasText: name });

  it("adds a budget that PostgreSQL then has, and deletes it", async () => {
    await page.getByTestId("budget-name").fill("Holidays");
    await page.getByTestId("budget-amount").fill("1234.56");
    await page.getByTestId("budget-add").click();
    await budget("Holidays").waitFor();
    expect(await scratch.sql("select name, amount_cents from budget")).toEqual(["Holidays\t123456"]);

    await budget("Holidays").getByTestId("budget-delete").click();
    await budget("Holidays").waitFor({ state: "detached" });
    expect(await scratch.sql("select name from budget")).toEqual([]);
  });

  it("opens a deep link", async () => {
    const answer = await page.goto(`${scratch.frontUrl}/about`);
    expect(answer?.status()).toBe(200);
    await page.getByRole("heading", { level: 1, name: "About", exact: true }).waitFor();
    await page.goto(scratch.frontUrl);
  });

  it("shows that the back is down, and recovers by itself", async () => {
    await scratch.docker("stop", await scratch.container("back"));
    await page.getByTestId("back-down").waitFor();
    await scratch.docker("start", await scratch.container("back"));
    await page.getByTestId("back-down").waitFor({ state: "detached" });
  });
});

describe("a second up", () => {
  it("changes nothing", async () => {
    const before = await scratch.running();
    const second = await scratch.upWell();
    expect(changes(second.operations)).toEqual({});
    expect(Object.keys(second.operations).sort()).toEqual(Object.keys(first.operations).sort());
    expect(await scratch.running()).toEqual(before);
  });

  it("is followed by a preview that shows nothing", async () => {
    const { code, operations } = await scratch.preview();
    expect(code).toBe(0);
    expect(changes(operations)).toEqual({});
  });
});
