import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { siteCertificate } from "../../support/certificates.ts";
import { errors, load } from "../../support/configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-site-"));
afterAll(() => rmSync(folder, { recursive: true }));

const pair = (domain: string, ...options: string[]) => {
  const files = siteCertificate(join(folder, domain), domain, ...options);
  return {
    certificate: readFileSync(files.certificate, "utf8"),
    key: readFileSync(files.key, "utf8"),
    files,
  };
};
const { certificate, key, files } = pair("app.example.org");
const other = pair("other.example.org");
const domain = "app.example.org";

/** As Pulumi has it after `config set --secret`. */
const SECRET = { secrets: ["gateway"] };

/** The errors of a gateway whose key is a secret. */
const problems = (gateway: Record<string, unknown>): string[] => errors({ gateway }, SECRET);

describe("a domain", () => {
  it("takes a certificate and its key, a secret", () => {
    expect(problems({ domain, certificate, key })).toEqual([]);
    expect(load({ gateway: {} }).gateway).toEqual({
      backPaths: ["/api"],
      drain: "10s",
      requestLimit: 100,
      memory: 128,
      cpus: 1,
    });
  });

  it("is the same in capitals", () => {
    expect(problems({ domain: "App.Example.org", certificate, key })).toEqual([]);
  });

  it.each([
    "https://app.example.org",
    "app.example.org:443",
    "app.example.org.",
    "*.example.org",
    "10.0.0.1",
    "a b",
    "-a",
    "",
  ])("is no address or pattern: %j", (wrong) => {
    expect(errors({ gateway: { domain: wrong } })).toEqual([
      `agatha:gateway.domain: ${JSON.stringify(wrong)} is not a domain. Write it like app.example.org, without https:// and without a port.`,
    ]);
  });

  it("has all three keys or none", () => {
    expect(problems({ domain })).toEqual([
      "agatha:gateway.certificate: is missing beside gateway.domain. Set it: `pulumi config set --path agatha:gateway.certificate < chain.pem`.",
      "agatha:gateway.key: is missing beside gateway.domain. Set it: `pulumi config set --secret --path agatha:gateway.key < key.pem`.",
    ]);
    expect(problems({ certificate, key })).toEqual([
      "agatha:gateway.domain: is missing beside gateway.certificate. Set it: `pulumi config set --path agatha:gateway.domain app.example.org`.",
    ]);
  });

  it("takes ports 80 and 443 of every address", () => {
    const gateway = { domain, certificate, key };
    const raw = { gateway, back: { publish: { port: 443 } }, front: { publish: { port: 80 } } };
    expect(errors(raw, SECRET)).toEqual([
      "agatha:back.publish.port: 443 is taken by agatha:gateway.domain already. Choose another port.",
      "agatha:front.publish.port: 80 is taken by agatha:gateway.domain already. Choose another port.",
    ]);
  });
});

describe("a certificate", () => {
  it("has to be for the domain", () => {
    expect(problems({ domain: "x.example.org", certificate, key })).toEqual([
      'agatha:gateway.certificate: the first one is for "DNS:app.example.org", not for "x.example.org". Get one for that name, put it before its chain, or correct gateway.domain.',
    ]);
    const wild = pair("*.example.org");
    expect(problems({ domain, ...wild, files: undefined })).toEqual([]);
  });

  it("has to be valid today", () => {
    const args = ["x509", "-in", files.certificate, "-signkey", files.key];
    const expired = execFileSync("openssl", [...args, "-days", "-1"], { encoding: "utf8", stdio: "pipe" });
    expect(problems({ domain, certificate: expired, key })).toEqual([
      expect.stringMatching(
        /^agatha:gateway\.certificate: .*expired on \d{4}-\d\d-\d\d\. Renew it, then set the new one and its key\.$/,
      ),
    ]);
  });

  it("has to match the key", () => {
    expect(problems({ domain, certificate, key: other.key })).toEqual([
      "agatha:gateway.key: the value (not shown) is not the key of gateway.certificate. Give the one that the certificate was requested with.",
    ]);
  });

  it.each([
    ["a key", () => `${certificate}${key}`, "holds a private key. Give that by gateway.key alone."],
    [
      "half a certificate",
      () => certificate.slice(0, 200),
      "cannot be read. Give the text of its PEM file, with the chain.",
    ],
    [
      "a name of a file",
      () => "chain.pem",
      "is not a certificate. Set the text of its PEM file: `pulumi config set --path agatha:gateway.certificate < chain.pem`.",
    ],
    [
      "too much for HAProxy",
      () => certificate.repeat(40),
      "and the key are longer than 15000 bytes. Leave out what is not between BEGIN and END, and the root.",
    ],
  ])("is not %s, which is not shown", (_, wrong, message) => {
    expect(problems({ domain, certificate: wrong(), key })).toEqual([
      `agatha:gateway.certificate: the value (not shown) ${message}`,
    ]);
  });
});

describe("the key", () => {
  it("has to be a secret", () => {
    const message =
      "agatha:gateway.key: the value (not shown) is not a secret, and would be stored as it is. Set it with --secret: `pulumi config set --secret --path agatha:gateway.key < key.pem`.";
    const gateway = { domain, certificate, key };
    expect(errors({ gateway })).toEqual([message]);
    // Another value below the same key may be the secret.
    const file = stringify({ config: { "agatha:gateway": { ...gateway, certificate: { secure: "v1:x" } } } });
    expect(errors({ gateway }, { ...SECRET, file })).toEqual([message]);
    const secure = stringify({ config: { "agatha:gateway": { ...gateway, key: { secure: "v1:x" } } } });
    expect(errors({ gateway }, { ...SECRET, file: secure })).toEqual([]);
  });

  it("has no passphrase", () => {
    const args = ["pkey", "-in", files.key, "-aes128", "-passout", "pass:x"];
    const encrypted = execFileSync("openssl", args, { encoding: "utf8" });
    expect(problems({ domain, certificate, key: encrypted })).toEqual([
      "agatha:gateway.key: the value (not shown) is encrypted. Give it without its passphrase: `openssl pkey -in key.pem | pulumi config set --secret --path agatha:gateway.key`.",
    ]);
  });

  it("is never shown, whatever is wrong", () => {
    const text = problems({ domain: 1, certificate: key, key: certificate, backPaths: "/" }).join("\n");
    expect(text).toContain("agatha:gateway.key: the value (not shown) is not a private key.");
    expect(text).not.toMatch(/BEGIN|MII|MHc/);
  });
});

it.each(["garbage", key.slice(0, 100)])("a key that is none is refused: %#", (wrong) => {
  const text = wrong === "garbage" ? key.replace(/\n\w{5}/, "\n!!!!!") : wrong;
  expect(problems({ domain, certificate, key: text })).toEqual([
    "agatha:gateway.key: the value (not shown) cannot be read. Give the text of its PEM file.",
  ]);
});

describe("paths of the back", () => {
  it.each(["api", "", "/a b", "/a?b", "/a#b", "https://x/", "/ä"])("begin with a slash: %j", (path) => {
    expect(errors({ gateway: { backPaths: [path] } })).toEqual([
      `agatha:gateway.backPaths[0]: ${JSON.stringify(path)} is not a URL path. Write it like /api, with the leading slash.`,
    ]);
  });

  it("are a list, also an empty one", () => {
    expect(load({ gateway: { backPaths: [] } }).gateway.backPaths).toEqual([]);
    expect(errors({ gateway: { backPaths: "/api" } })).toEqual([
      'agatha:gateway.backPaths: "/api" is not a list. Write it like ["/api"].',
    ]);
  });
});
