/** Frees the gateway's ports where the services of an older stack have them; otherwise finds nothing to do. */
import { readFiles } from "../lib/docker/volumeFiles.ts";
import { makeRoom } from "../lib/gateway/makeRoom.ts";
import { input, step } from "./step.ts";

await step(async () =>
  makeRoom({
    stack: input("STACK"),
    image: input("IMAGE"),
    volume: input("VOLUME"),
    files: await readFiles(),
    ports: JSON.parse(input("PORTS")) as string[],
  }),
);
