/** `npm run sweep`: removes the review stacks on the docker host `REVIEW_DOCKER_HOST` whose pull request is closed. */
import { command } from "../lib/cli/command.ts";
import { reviewHost, sweep } from "../lib/pull-requests/sweep.ts";

await command("sweep", ({ options: { yes = false } }) => sweep(reviewHost(process.env), yes));
