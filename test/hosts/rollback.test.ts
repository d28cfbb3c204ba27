/** Rollback to an earlier image, the history, and the removal of images that no stack keeps. */
import { copyFileSync, existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { fake, timed } from "../support/programs.ts";
import { changes, type Ended, execute, freePort, type Operations, Scratch } from "../support/scratch.ts";

let engine: Engine;
let scratch: Scratch;
/** Tags of the back's image, in the order they ran. */
const tags: string[] = [];

const TAG = /:([0-9a-z]{32})$/;
const backTag = async (of = scratch) => {
  const [ref] = await scratch.docker("inspect", await of.container("back"), "--format", "{{.Config.Image}}");
  return TAG.exec(ref ?? "")?.[1] ?? "";
};
const backNames = async () => {
  const listing = ["image", "ls", "agatha-back-image", "--format", "{{.Tag}}"];
  return (await scratch.docker(...listing)).filter((tag) => tags.some((own) => tag.includes(own)));
};

/** Deploys a jar that no other test uses. */
async function release(name: string): Promise<Operations> {
  await putEntry(scratch.jar, "release.txt", `${scratch.stack} ${name}\n`);
  const { operations } = await scratch.upWell();
  tags.push(await backTag());
  return changes(operations);
}

const noBuild = () => fake(scratch.folder, "nix-build", ["echo nothing may be built now >&2", "exit 1"]);

/** Docker, but images with these tags were tagged long ago. */
async function longAgo(...old: string[]): Promise<NodeJS.ProcessEnv> {
  const { output } = await execute("sh", ["-c", "command -v docker"]);
  const age = `s/"tagged":"[0-9]{4}/"tagged":"2001/`;
  return fake(scratch.folder, "docker", [
    "set -o pipefail",
    `[ "$1 $2" = "image inspect" ] || exec ${output.trim()} "$@"`,
    `${output.trim()} "$@" | sed -E '/${old.join("|")}/${age}'`,
  ]);
}

interface Shown {
  images: Record<string, { ref: string; pinned: boolean }>;
  changes: string[];
  gone: string[];
  runs: boolean;
}

const command = (...args: string[]): Promise<Ended> =>
  execute(process.execPath, ["scripts/history.ts", "--stack", scratch.stack, ...args], scratch.env);
const history = async () => JSON.parse((await command("--json")).output) as Shown[];
const pin = (tag: string | undefined) => scratch.back({ pin: tag });

const PINNED: Operations = {
  "back-image-build": "replace",
  "back-image-loaded": "replace",
  "back-files": "replace",
  "back-container": "replace",
  "back-healthy": "replace",
  history: "update",
};

beforeAll(async () => {
  engine = await Engine.make();
  scratch = await Scratch.make(engine.asHost);
  await release("A");
  writeFileSync(join(scratch.migrations, "V99__note.sql"), "CREATE TABLE note (id bigint PRIMARY KEY);\n");
  await release("B");
});
afterAll(async () => {
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
  }
});

describe("a pin", () => {
  it("runs the earlier image within 10 s, without a build or a migration, even if the jar is gone", async () => {
    const [a = "", b = ""] = tags;
    pin(a);
    renameSync(scratch.jar, `${scratch.jar}.away`);
    const preview = await scratch.preview(noBuild());
    expect(changes(preview.operations), preview.output).toEqual(PINNED);
    expect(preview.output).toMatch(/\+ pinned\s*: true/);
    expect(preview.output).toContain(`agatha:back.pin: agatha-back-image:${a} runs, whatever the files give`);
    const [seconds, { code, output, operations }] = await timed(() => scratch.up(noBuild()));
    expect(code, output).toBe(0);
    expect(changes(operations)).toEqual(PINNED);
    expect(await backTag()).toBe(a);
    expect((await fetch(`${scratch.backUrl}/api/budgets`)).status).toBe(200);
    // The schema is B's.
    expect(await scratch.sql("select to_regclass('note')")).toEqual(["note"]);
    const [idle, second] = await timed(() => scratch.upWell());
    expect(changes(second.operations)).toEqual({});
    process.stdout.write(`rollback: ${seconds.toFixed(1)} s; an update of nothing: ${idle.toFixed(1)} s\n`);
    // A no-op update takes 2 s; if it takes longer, the machine is busy and the limit is relaxed.
    expect(seconds).toBeLessThan(idle < 3 ? 10 : 10 * idle);
    expect(b).not.toBe(a);
  });

  it("appears in the history, with what changed and how to go on", async () => {
    const [newest, second, first] = await history();
    expect(newest).toMatchObject({ runs: true, gone: [], images: { back: { pinned: true } } });
    expect(newest?.changes[0]).toBe("back: pinned");
    expect(newest?.changes).toContain("back: - V99__note.sql");
    expect(second).toMatchObject({ runs: false, gone: [] });
    expect(second?.changes).toContain("back: + V99__note.sql");
    expect(first).toMatchObject({ runs: false, changes: [] });
    expect(first?.images["back"]?.ref).toBe(newest?.images["back"]?.ref);
    const { output } = await command();
    expect(output).toContain(`pulumi config rm --path agatha:back.pin --stack ${scratch.stack}`);
    expect(output).toContain(`pulumi config set --path agatha:back.pin ${tags[1]} --stack ${scratch.stack}`);
    expect(output).not.toContain(scratch.password);
  });

  it("leaves the schema as it is when the database's container is recreated", async () => {
    scratch.config["database"] = { publish: { port: await freePort() } };
    const { operations, output } = await scratch.upWell();
    expect(output).toContain("the schema stays as it is: agatha:back.pin is set");
    expect(operations).toMatchObject({
      "db-schema-migrations": "replace",
      "db-container": "replace",
      "back-container": "replace",
      history: "same",
    });
    expect(await backTag()).toBe(tags[0]);
    expect(await scratch.sql("select to_regclass('note')")).toEqual(["note"]);
  });

  it("leaves the schema as it is when the stack is recreated on its data", async () => {
    expect((await scratch.destroy()).code).toBe(0);
    const { output } = await scratch.upWell();
    expect(output).toContain("the schema stays as it is: agatha:back.pin is set");
    expect(await backTag()).toBe(tags[0]);
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("does not migrate an empty database", async () => {
    const env = {
      ...scratch.env,
      CONTAINER: "unused",
      DATABASE_CONTAINER: await scratch.container("db"),
      DATABASE_NAME: "template1",
      DATABASE_USER: "postgres",
      PINNED: "agatha:back.pin",
    };
    const { code, output } = await execute(process.execPath, ["steps/migrate.ts"], env);
    expect(code).toBe(1);
    expect(output).toBe(
      'agatha:back.pin: the database "template1" is empty, and a pinned image does not migrate. Take the pin away for the first update: `pulumi config rm --path agatha:back.pin`.\n',
    );
  });

  it("once removed, the image of the files runs again, without a build", async () => {
    pin(undefined);
    renameSync(`${scratch.jar}.away`, scratch.jar);
    const { code, output, operations } = await scratch.up(noBuild());
    expect(code, output).toBe(0);
    expect(changes(operations)).toEqual({ ...PINNED, "db-schema-migrations": "replace" });
    expect(await backTag()).toBe(tags[1]);
    expect((await history())[0]?.changes[0]).toBe("back: no longer pinned");
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("works for the front as well", async () => {
    const front = scratch.config["front"] as object;
    const frontTag = async () => {
      const [ref] = await scratch.docker(
        "inspect",
        await scratch.container("front"),
        "--format",
        "{{.Config.Image}}",
      );
      return TAG.exec(ref ?? "")?.[1];
    };
    const before = await frontTag();
    writeFileSync(join(scratch.dist, "release.txt"), `${scratch.stack}\n`);
    await scratch.upWell();
    expect((await fetch(`${scratch.frontUrl}/release.txt`)).headers.get("content-type")).toMatch(/plain/);
    scratch.config["front"] = { ...front, pin: before };
    renameSync(scratch.dist, `${scratch.dist}.away`);
    expect((await scratch.up(noBuild())).code).toBe(0);
    expect(await frontTag()).toBe(before);
    renameSync(`${scratch.dist}.away`, scratch.dist);
    scratch.config["front"] = front;
    expect((await scratch.up(noBuild())).code).toBe(0);
  });
});

describe("an image that is older than the last `keep` generations", () => {
  const roots = () => readdirSync(`.state/gcroots/${scratch.stack}`);
  const kept = (of: Scratch, tag: string | undefined) => `kept-${of.stack}-${tag}`;
  let other: Scratch;
  let stopped: string | undefined;
  afterAll(async () => {
    if (stopped !== undefined) await scratch.docker("rm", stopped);
    await other?.remove();
  });

  it("stays if another stack keeps it, if a stopped container uses it, and for an hour", async () => {
    // Another stack keeps B too; a stopped container uses C.
    other = await Scratch.make(engine.asHost);
    copyFileSync(scratch.jar, other.jar);
    writeFileSync(join(other.migrations, "V99__note.sql"), "CREATE TABLE note (id bigint PRIMARY KEY);\n");
    await other.upWell();
    expect(await backTag(other)).toBe(tags[1]);
    await release("C");
    [stopped] = await scratch.docker("create", `agatha-back-image:${tags[2]}`);
    await release("D");
    await release("E");
    for (const tag of tags.slice(2)) expect(roots()).toContain(`back-image-${tag}`);

    scratch.config["keep"] = 2;
    // All but A were tagged long ago.
    const { code, output, operations } = await scratch.up(await longAgo(...tags.slice(1)));
    expect(code, output).toBe(0);
    expect(changes(operations)).toEqual({ history: "update" });
    const names = await backNames();
    const [a, b, c, d, e] = tags;
    expect(names).toEqual(expect.arrayContaining([a, b, c, d, e]));
    expect(names.filter((name) => name.startsWith("kept-")).sort()).toEqual(
      [kept(scratch, d), kept(scratch, e), kept(other, b)].sort(),
    );
    for (const tag of [d, e]) expect(roots()).toContain(`back-image-${tag}`);
    for (const tag of [a, b, c]) expect(roots()).not.toContain(`back-image-${tag}`);
  });

  it("is removed by the next update that changes an image, with all its names", async () => {
    const old = await longAgo(...tags);
    await putEntry(scratch.jar, "release.txt", `${scratch.stack} F\n`);
    const { code, output } = await scratch.up(old);
    expect(code, output).toBe(0);
    tags.push(await backTag());
    const [a, b, c, d, e, f] = tags;
    expect(output).toContain(`${a} is removed: no stack keeps it`);
    const names = await backNames();
    expect(names.some((name) => name.includes(a ?? "") || name.includes(d ?? ""))).toBe(false);
    expect(names).toEqual(expect.arrayContaining([b, c, e, f]));
    expect((await history()).map(({ gone }) => gone.join())).toEqual(expect.arrayContaining(["back", ""]));
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("is refused as a pin before anything is touched, in a preview too", async () => {
    const before = await scratch.running();
    pin(tags[0]);
    for (const { code, output, operations } of [await scratch.preview(), await scratch.up()]) {
      expect(code).not.toBe(0);
      expect(output).toContain(
        `agatha:back.pin: "${tags[0]}" is not in docker any more, as agatha-back-image. Pin one that is there`,
      );
      expect(output).not.toMatch(/\bat .*\.ts:\d+/);
      expect(changes(operations)).toEqual({});
    }
    expect(await scratch.running()).toEqual(before);
    pin(undefined);
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });

  it("is shown as pinned by a preview without a daemon, which cannot check it", async () => {
    pin(tags[4]);
    const { code, output, operations } = await scratch.preview({ DOCKER_HOST: "ssh://none.invalid" });
    expect(code, output).toBe(0);
    expect(changes(operations)).toEqual(PINNED);
    pin(undefined);
    expect(existsSync(`.state/gcroots/${scratch.stack}/back-image`)).toBe(true);
  });
});
