/** Sets the password of the database's role, read from standard input. A rotation loses nothing. */
import { text } from "node:stream/consumers";
import { setPassword } from "../lib/database/password.ts";
import { input, step } from "./step.ts";

await step(async () =>
  setPassword(
    { container: input("CONTAINER"), user: input("DATABASE_USER") },
    await text(process.stdin),
    process.env["BACK_LOGS_IN"] !== "no",
  ),
);
