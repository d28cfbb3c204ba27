/** Brings the database to the packaged migrations, which it reads from standard input; a pinned image leaves the schema. */
import { text } from "node:stream/consumers";
import { targetOf } from "../lib/database/backup/save.ts";
import { leaveSchema, migrate } from "../lib/database/migrations/migrate.ts";
import type { Packaged } from "../lib/database/migrations/schemaHistory.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const database = {
    container: input("DATABASE_CONTAINER"),
    user: input("DATABASE_USER"),
    name: input("DATABASE_NAME"),
  };
  const pin = process.env["PINNED"];
  if (pin !== undefined) return leaveSchema(pin, database);
  const stack = input("STACK");
  await migrate({
    stack,
    database,
    packaged: JSON.parse(await text(process.stdin)) as Packaged,
    image: input("IMAGE"),
    container: input("CONTAINER"),
    backups: targetOf(process.env["BACKUPS_TO"], stack),
    keep: Number(input("BACKUPS_KEEP")),
  });
});
