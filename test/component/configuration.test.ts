/** What the configuration changes in what is registered. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { only, settled } from "../support/recorder.ts";
import { COMMAND, containerOf, program } from "../support/stackProgram.ts";

describe("configuration", () => {
  // Pulumi does not tell the program of --config-file: it looked at Pulumi.<stack>.yaml all the same.
  it("is read from the file that pulumi was given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "agatha-file-"));
    const file = join(folder, "other.yaml");
    writeFileSync(file, "config:\n  agatha:back: { properties: { version: 1.10 } }\n");
    try {
      vi.stubEnv("AGATHA_CONFIG_FILE", file);
      await expect(program()).rejects.toThrow(
        "agatha:back.properties.version: the value (not shown) is a number",
      );
      writeFileSync(file, "config: {}\n");
      await program();
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  it("gives a docker host to the provider and to every command", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:providers:docker", "docker")["host"]).toBe("ssh://user@host");
    const commands = registered.filter(({ type }) => type === COMMAND);
    expect(commands).toHaveLength(16);
    for (const { name, inputs } of commands)
      expect(inputs["environment"], name).toMatchObject({ DOCKER_HOST: "ssh://user@host" });
  });

  it("gives the migrations the place for backups, and no path of this machine unless it is configured", async () => {
    const environment = async (more: Record<string, string>) =>
      only((await program(more)).registered, COMMAND, "db-schema-migrations")["environment"] as object;
    const plain = await environment({});
    expect(plain).toMatchObject({ BACKUPS_KEEP: "5", STACK: "dev" });
    expect(plain).not.toHaveProperty("BACKUPS_TO");
    expect(JSON.stringify(plain)).not.toContain(process.cwd());
    expect(await environment({ "agatha:backups": '{"to":"/mnt/b","keep":2}' })).toMatchObject({
      BACKUPS_KEEP: "2",
      BACKUPS_TO: "/mnt/b",
    });
  });

  it("gives the provider an empty context and no certificates, which it would otherwise look for", async () => {
    const { registered } = await program({ "agatha:dockerHost": "ssh://user@host" });
    expect(only(registered, "pulumi:providers:docker", "docker")).toEqual({
      host: "ssh://user@host",
      context: "",
      certPath: "",
    });
  });

  it("gives a registry to every build, and its password by standard input only", async () => {
    const given = { address: "host:5000", username: "me", password: "hush-hush" };
    const { registered, outputs } = await program({ "agatha:registry": JSON.stringify(given) });
    for (const name of ["back", "front", "db", "gateway"]) {
      const { environment, stdin } = only(registered, COMMAND, `${name}-image-build`);
      expect(JSON.parse((environment as Record<string, string>)["REGISTRY"] ?? "")).toEqual({
        address: "host:5000",
        repository: "agatha",
        username: "me",
        insecure: false,
      });
      // A secret, as the engine knows it by its signature.
      expect(stdin).toEqual({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: "hush-hush",
      });
    }
    const holders = registered.filter(({ inputs }) => JSON.stringify(inputs).includes("hush-hush"));
    expect(holders).toHaveLength(4);
    expect(await settled(outputs.images.back.sizeBytes)).toBe(42);
    expect(await pulumi.isSecret(outputs.images.back.sizeBytes)).toBe(false);
  });

  it("gives the URL of another host that publishes on every address", async () => {
    const { outputs } = await program({
      "agatha:dockerHost": "ssh://user@host",
      "agatha:back": '{"publish":{"address":"0.0.0.0","port":8000}}',
    });
    expect(outputs.backUrl).toBe("http://host:8000");
  });

  it("publishes the database if configured", async () => {
    const { outputs } = await program({ "agatha:database": '{"publish":{"port":4321}}' });
    expect(outputs.databaseUrl).toBe("postgresql://postgres@127.0.0.1:4321/docker_agatha_db");
  });

  it("lays the front's files over its dist", async () => {
    const text = "${backUrl} ${x}";
    const front = JSON.stringify({ files: { "properties.js": { text } } });
    const { registered, outputs } = await program({ "agatha:front": front });
    const { stdin, environment } = only(registered, COMMAND, "front-files");
    // A secret on its way to the engine is wrapped.
    expect(JSON.parse((stdin as { value: string }).value)).toEqual([
      {
        path: "/overlay/properties.js",
        content: Buffer.from(`${outputs.backUrl} \${x}`).toString("base64"),
        mode: "0400",
      },
    ]);
    expect(environment).toMatchObject({
      FOLDERS: '[{"path":"/overlay","keep":false}]',
      OWNER: "65534:65534",
      COURIER: '{"container":"agatha-dev-db"}',
    });
    expect(containerOf(registered, "front")).toMatchObject({
      command: ["/bin/agatha-front", "--overlay", "/overlay"],
    });
  });

  it("that is invalid ends the program with user-facing messages", async () => {
    await expect(program({ "agatha:back": '{"port":0}' })).rejects.toThrow(
      "agatha:back.port: 0 is not a port. Use a whole number from 1 to 65535.",
    );
  });
});
