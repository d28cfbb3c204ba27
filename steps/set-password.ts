/**
 * Sets the password of the database's role, read from standard input, over the container's local socket. PostgreSQL asks for
 * no password there, so a volume that was made with another one is repaired, and a rotation loses nothing.
 */
import { text } from "node:stream/consumers";
import { alterRole } from "../lib/database/sql.ts";
import { endedWith, run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const [container, user] = [input("CONTAINER"), input("DATABASE_USER")];
  const psql = ["psql", "-U", user, "-d", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"];
  const { code, stderr } = await run("docker", ["exec", "-i", container, ...psql], {
    input: alterRole(user, await text(process.stdin)),
  });
  if (code === 0) return;
  // Only the message: PostgreSQL also repeats the statement.
  const reason = /(?:ERROR|FATAL):[^\n]*/.exec(stderr)?.[0] ?? `it ${endedWith({ code })}`;
  throw new UserError(`agatha-db: the password of role "${user}" could not be set: ${reason}`);
});
