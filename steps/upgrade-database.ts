/** Brings the data of an older major version of PostgreSQL into the volume of the configured one. */
import { upgradeDatabase } from "../lib/database/upgrade/upgrade.ts";
import { input, step } from "./step.ts";

await step(() =>
  upgradeDatabase({
    stack: input("STACK"),
    container: input("CONTAINER"),
    user: input("DATABASE_USER"),
    base: input("VOLUME_BASE"),
    version: Number(input("VERSION")),
    image: input("IMAGE"),
    command: JSON.parse(process.env["COMMAND"] ?? "[]") as string[],
  }),
);
