/**
 * Runs the packaged migrations against the database, from inside the database's own network namespace: there
 * PostgreSQL trusts 127.0.0.1, so no password is handed over. Fails with Flyway's words; the container is removed
 * whatever happens.
 */
import { docker } from "./docker.ts";
import { input, run, StepError, step, tail } from "./process.ts";

/** Lines of Flyway's output that a failure shows. */
const SHOWN_LINES = 40;

await step(async () => {
  const name = input("CONTAINER");
  const [database, user] = [input("DATABASE_NAME"), input("DATABASE_USER")];
  const url = `jdbc:postgresql://127.0.0.1:5432/${database}`;
  // An update that was killed may have left one behind.
  await run("docker", ["rm", "--force", name]);
  try {
    await docker([
      ...["create", "--name", name, "--network", `container:${input("DATABASE_CONTAINER")}`],
      ...["--label", `agatha.stack=${input("STACK")}`, "--label", "agatha.service=migrate"],
      ...["--env", `FLYWAY_URL=${url}`, "--env", `FLYWAY_USER=${user}`],
      ...["--user", "65534:65534", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"],
      ...["--security-opt", "no-new-privileges:true", "--pull", "never"],
      ...[input("IMAGE"), "/bin/agatha-back-migrate"],
    ]);
    const { code, stdout, stderr } = await run("docker", ["start", "--attach", name]);
    if (code !== 0)
      throw new StepError(
        `migrations: Flyway ended with ${code}; the back that runs stays as it is.\n${tail(`${stdout}\n${stderr}`, SHOWN_LINES)}`,
      );
    process.stdout.write(`${summary(stdout)}\n`);
  } finally {
    await run("docker", ["rm", "--force", "--volumes", name]);
  }
});

/** Flyway's own last word: how many migrations it applied, or that the schema is up to date. */
function summary(stdout: string): string {
  const lines = stdout
    .split("\n")
    .filter((line) => /^(Successfully applied|Schema .* is up to date)/.test(line));
  return lines.at(-1) ?? tail(stdout, 1);
}
