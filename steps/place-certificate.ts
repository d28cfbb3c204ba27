/** Gives the gateway its certificate and key, read from standard input. */
import { text } from "node:stream/consumers";
import { placeCertificate } from "../lib/gateway/certificate.ts";
import { input, step } from "./step.ts";

await step(async () =>
  placeCertificate(
    input("CONTAINER"),
    { stack: input("STACK"), image: input("IMAGE"), volume: input("VOLUME") },
    await text(process.stdin),
  ),
);
