/**
 * Runs the packaged migrations against the database, from inside the database's own network namespace: there
 * PostgreSQL trusts 127.0.0.1, so no password is handed over. Fails with Flyway's words; the container is removed
 * whatever happens.
 */
import { docker } from "./docker.ts";
import { success, words } from "./flyway.ts";
import { input, run, StepError, step } from "./process.ts";

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
    const done = success(stdout);
    if (code !== 0 || done === undefined)
      throw new StepError(
        `migrations: Flyway ended with ${code}; the back that runs stays as it is. Mend the migration, then run up again.\n${words(`${stdout}\n${stderr}`)}`,
      );
    process.stdout.write(`${done}\n`);
  } finally {
    await run("docker", ["rm", "--force", "--volumes", name]);
  }
});
