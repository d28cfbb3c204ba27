/** Whether the gateway's domain, certificate and key belong together. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { NOT_SHOWN } from "./errors.ts";
import type { Config } from "./schema.ts";
import { NAMESPACE, quoted } from "./text.ts";

type Gateway = Config["gateway"];

/** How each of the three is given. */
const FIX = {
  domain: `\`pulumi config set --path ${NAMESPACE}:gateway.domain app.example.org\``,
  certificate: `\`pulumi config set --path ${NAMESPACE}:gateway.certificate < chain.pem\``,
  key: `\`pulumi config set --secret --path ${NAMESPACE}:gateway.key < key.pem\``,
};

/**
 * HAProxy takes a certificate while it runs in one buffer of 16,384 bytes, of which it reserves 1,024 (tune.bufsize,
 * tune.maxrewrite).
 */
const MOST_BYTES = 15_000;

/** What is wrong with the three together, each as an error without the namespace. */
export function certificateErrors({ gateway }: Config): string[] {
  const { certificate, key } = gateway;
  const names = Object.keys(FIX) as (keyof typeof FIX)[];
  const first = names.find((name) => gateway[name] !== undefined);
  if (first === undefined) return [];
  const errors = names
    .filter((name) => gateway[name] === undefined)
    .map((name) => `gateway.${name}: is missing beside gateway.${first}. Set it: ${FIX[name]}.`);
  const own = certificate === undefined ? undefined : readCertificate(certificate);
  if (certificate !== undefined)
    errors.push(
      ...certificateProblems(own, gateway, certificate).map((text) => `gateway.certificate: ${text}`),
    );
  const problem = key === undefined ? undefined : keyProblem(key, own);
  if (problem !== undefined) errors.push(`gateway.key: ${NOT_SHOWN} ${problem}`);
  return errors;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function certificateProblems(
  own: X509Certificate | undefined,
  { domain, key = "" }: Gateway,
  pem: string,
): string[] {
  // It is no secret, and would be in the state as plain text.
  if (/PRIVATE KEY-----/.test(pem))
    return [`${NOT_SHOWN} holds a private key. Give that by gateway.key alone.`];
  if (own === undefined)
    return [`${NOT_SHOWN} cannot be read. Give the text of its PEM file, with the chain.`];
  const problems: string[] = [];
  if (Buffer.byteLength(pem) + Buffer.byteLength(key) > MOST_BYTES)
    problems.push(
      `${NOT_SHOWN} and the key are longer than ${MOST_BYTES} bytes. Leave out what is not between BEGIN and END, and the root.`,
    );
  if (domain !== undefined && own.checkHost(domain) === undefined)
    problems.push(
      `the first one is for ${quoted(own.subjectAltName ?? own.subject)}, not for ${quoted(domain)}. Get one for that name, put it before its chain, or correct gateway.domain.`,
    );
  const day = (text: string) => new Date(text).toISOString().slice(0, 10);
  if (new Date(own.validTo) <= new Date())
    problems.push(`it expired on ${day(own.validTo)}. Renew it, then set the new one and its key.`);
  if (new Date(own.validFrom) > new Date())
    problems.push(`it is valid from ${day(own.validFrom)} on. Set it then, or set this machine's clock.`);
  return problems;
}

function keyProblem(pem: string, certificate: X509Certificate | undefined): string | undefined {
  if (/ENCRYPTED/.test(pem))
    return `is encrypted. Give it without its passphrase: \`openssl pkey -in key.pem | pulumi config set --secret --path ${NAMESPACE}:gateway.key\`.`;
  try {
    const key = createPrivateKey(pem);
    if (certificate === undefined || certificate.checkPrivateKey(key)) return undefined;
  } catch {
    return "cannot be read. Give the text of its PEM file.";
  }
  return "is not the key of gateway.certificate. Give the one that the certificate was requested with.";
}
