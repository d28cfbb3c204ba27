/**
 * `npm run setup`: whatever the other commands need; `-- --postgresql 17` also what that version is made of, `-- --no-sample`
 * leaves the sample application unbuilt.
 */
import { parseArgs } from "node:util";
import { main, Stop } from "./lib/exec.ts";
import { takenMajor } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const options = { postgresql: { type: "string" }, "no-sample": { type: "boolean" } } as const;
  const { values } = parseArgs({ options, strict: false });
  const { postgresql } = values;
  if (postgresql !== undefined && takenMajor(Number(postgresql)) === undefined)
    throw new Stop(`--postgresql: ${JSON.stringify(postgresql)} is not a version that set-up knows. Use 17.`);
  const major = postgresql === undefined ? undefined : Number(postgresql);
  await setup({ sample: values["no-sample"] !== true, postgresql: major });
  return 0;
});
