/** `npm run ssh-key`: puts the key of a docker host, from SSH_KEY and SSH_KNOWN_HOSTS, where ssh finds it. For CI. */
import { homedir } from "node:os";
import { main } from "./lib/exec.ts";
import { line } from "./lib/report.ts";
import { takeKey } from "./lib/sshKey.ts";

await main(async () => {
  line("ssh", takeKey(process.env, homedir()));
  return 0;
});
