/** Certificates made by openssl: for a docker engine that speaks TLS, and for a domain. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/**
 * Creates, at first use, a CA and signed certificates: `ca.pem`, `cert.pem` and `key.pem` for clients, as in
 * DOCKER_CERT_PATH, `server.pem` and `server-key.pem` for an engine at that address.
 *
 * @returns The folder.
 */
export function certificates(folder: string, address: string): string {
  if (existsSync(join(folder, "ca.pem"))) return folder;
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = [...EC, "-nodes"];
  const ca = ["-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=agatha test"];
  openssl("req", "-x509", ...key, ...ca);
  const sign = (name: string, keyName: string, usage: string) => {
    writeFileSync(join(folder, `${name}.ext`), usage);
    openssl("req", "-new", ...key, "-keyout", keyName, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
    const out = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-days", "2", "-extfile", `${name}.ext`];
    openssl("x509", "-req", ...by, ...out);
  };
  sign("server", "server-key.pem", `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth\n`);
  sign("cert", "key.pem", "extendedKeyUsage=clientAuth\n");
  return folder;
}

/** A certificate that a domain signed itself. @returns The files' paths. */
export function siteCertificate(folder: string, domain: string, ...options: string[]) {
  mkdirSync(folder, { recursive: true });
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "private.pem")];
  const named = ["-subj", `/CN=${domain}`, "-addext", `subjectAltName=DNS:${domain}`];
  const ec = options.includes("-newkey") ? [] : EC;
  const out = ["-keyout", key, "-out", certificate, "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-nodes", ...named, ...out, ...options], { stdio: "pipe" });
  return { certificate, key };
}
