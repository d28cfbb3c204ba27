/**
 * Sets the database role's password, which it reads from standard input, over the container's local socket: there
 * PostgreSQL asks for none, so a volume that was made with another password heals, and a rotation loses nothing.
 */

import { text } from "node:stream/consumers";
import { alterRole } from "../lib/database/sql.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const [container, user] = [input("CONTAINER"), input("DATABASE_USER")];
  const password = await text(process.stdin);
  const psql = ["psql", "-U", user, "-d", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"];
  const { code, stderr } = await run("docker", ["exec", "-i", container, ...psql], {
    input: alterRole(user, password),
  });
  // PostgreSQL repeats a failed statement's line: only the message itself is passed on.
  const reason = /(?:ERROR|FATAL):[^\n]*/.exec(stderr)?.[0] ?? `it ended with ${code}`;
  if (code !== 0)
    throw new UserError(`agatha-db: the password of role "${user}" could not be set: ${reason}`);
});
