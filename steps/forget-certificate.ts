/** Takes the gateway's certificate and key out of its volume. */
import { forgetCertificate } from "../lib/gateway/certificate.ts";
import { input, step } from "./step.ts";

await step(() =>
  forgetCertificate({ stack: input("STACK"), image: input("IMAGE"), volume: input("VOLUME") }),
);
