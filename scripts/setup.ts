/** `npm run setup`: whatever the other commands need; `-- --postgresql 17` also what that version is made of. */
import { parseArgs } from "node:util";
import { main, Stop } from "./lib/exec.ts";
import { takenMajor } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { values } = parseArgs({ options: { postgresql: { type: "string" } }, strict: false });
  const { postgresql } = values;
  if (postgresql !== undefined && takenMajor(Number(postgresql)) === undefined)
    throw new Stop(`--postgresql: ${JSON.stringify(postgresql)} is not a version that set-up knows. Use 17.`);
  await setup({ sample: true, postgresql: postgresql === undefined ? undefined : Number(postgresql) });
  return 0;
});
