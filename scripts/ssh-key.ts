/** `npm run ssh-key`: puts the key of a docker host, from SSH_KEY and SSH_KNOWN_HOSTS, where ssh finds it. For CI. */
import { userInfo } from "node:os";
import { command } from "../lib/cli/command.ts";
import { line } from "../lib/progress.ts";
import { takeKey } from "../lib/pull-requests/sshKey.ts";

await command("ssh-key", async () => {
  // ssh looks into the home folder of the user's entry, whatever HOME says; a job in a container has another.
  line("ssh", takeKey(process.env, userInfo().homedir));
  return 0;
});
