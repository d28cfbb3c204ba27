/** A gateway with a domain on real docker: HTTPS, HTTP/2, headers, and certificates that are exchanged. */
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { setCertificate } from "../../lib/gateway/certificate.ts";
import { route } from "../../lib/gateway/routes.ts";
import { siteCertificate } from "../support/certificates.ts";
import { GatewayStand, PLAN } from "../support/gatewayStand.ts";

let stand: GatewayStand;
/** The back's container. */
let one = "";
let first: { pem: string; ca: string };
let second: typeof first;
const certificate = (folder: string) => {
  const files = siteCertificate(join(stand.folder, folder), "app.test");
  const ca = readFileSync(files.certificate, "utf8");
  return { pem: `${ca}${readFileSync(files.key, "utf8")}`, ca };
};

beforeAll(async () => {
  stand = await GatewayStand.make();
  // It closes idle connections at once: no request may be sent on one.
  one = await stand.service({ KEEP_MS: "1" });
  [first, second] = [certificate("first"), certificate("second")];
  await stand.start({ ...PLAN, site: { domain: "app.test", backPaths: ["/api", "/b/c"] } }, first.pem);
  await stand.route(one);
  const front = await stand.service({ PORT: "5173" });
  await route(stand.gateway, "front", front);
});
afterAll(() => stand?.remove());

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
}

/** A request by HTTP/1.1. */
const ask = (
  path: string,
  { host = "app.test", method = "GET", headers = {}, agent = new SecureAgent() } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: stand.https,
      servername: "app.test",
      rejectUnauthorized: false,
    };
    const sent = secureRequest(
      { ...options, path, method, agent, headers: { host, ...headers } },
      (response) => {
        const body: Buffer[] = [];
        response.on("data", (chunk: Buffer) => body.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(body),
          }),
        );
      },
    );
    sent.on("error", reject).end();
  });
const served = async (path: string) => ((await ask(path)).body.toString().startsWith(one) ? "back" : "front");

it("has the front, and the back below its paths", async () => {
  for (const path of ["/api", "/api/x?a=b", "/api/", "/b/c", "/b/c/d"])
    expect([path, await served(path)]).toEqual([path, "back"]);
  for (const path of ["/", "/apix", "/API", "/b", "/b/cd", "/x/api"])
    expect([path, await served(path)]).toEqual([path, "front"]);
});

it("speaks HTTP/2, and TLS from 1.2 on", async () => {
  const session = connectHttp2(`https://127.0.0.1:${stand.https}`, {
    ca: first.ca,
    servername: "app.test",
  });
  const stream = session.request({ ":path": "/api", ":authority": "app.test" });
  const [headers] = await new Promise<[Record<string, unknown>]>((resolve) =>
    stream.once("response", (response) => resolve([response])),
  );
  expect(headers[":status"]).toBe(200);
  expect(session.alpnProtocol).toBe("h2");
  session.destroy();
  const old = new Promise((resolve, reject) => {
    const ciphers = "DEFAULT@SECLEVEL=0";
    const socket = connectTls(
      {
        host: "127.0.0.1",
        port: stand.https,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1.1",
        ciphers,
        rejectUnauthorized: false,
      },
      () => resolve(socket.getProtocol()),
    );
    socket.on("error", reject);
  });
  await expect(old).rejects.toThrow(/alert protocol version/);
});

// 60 connections of 100 streams each took all of its memory, and later all of its buffers, for minutes after they had gone.
it("stands clients that ask for much and take nothing: the other service answers, and both do once they are gone", async () => {
  const options = { ca: first.ca, servername: "app.test", settings: { initialWindowSize: 0 } };
  const headers = { ":path": "/api?size=200000", ":authority": "app.test", "x-long": "x".repeat(6000) };
  const sessions = Array.from({ length: 200 }, () => {
    const session = connectHttp2(`https://127.0.0.1:${stand.https}`, options);
    session.on("error", () => {});
    for (let stream = 0; stream < 100; stream++) session.request(headers).on("error", () => {});
    return session;
  });
  await expect.poll(async () => (await ask("/api")).status, { timeout: 20_000 }).toBe(503);
  await sleep(5000);
  expect((await ask("/")).status).toBe(200);
  for (const session of sessions) session.destroy();
  await expect.poll(async () => (await ask("/api")).status, { timeout: 5000 }).toBe(200);
  expect(await stand.restarts()).toBe(0);
});

it("sends HTTP there, with its path", async () => {
  const response = await fetch(`http://127.0.0.1:${stand.http}/a/b?c=d%20e`, {
    redirect: "manual",
    headers: { host: "evil.test" },
  });
  expect(response.status).toBe(308);
  expect(response.headers.get("location")).toBe("https://app.test/a/b?c=d%20e");
});

it("is the only name", async () => {
  for (const host of ["other.test", "127.0.0.1", "app.test.evil.test"])
    expect((await ask("/", { host })).status).toBe(421);
  expect((await ask("/", { host: "APP.test:443" })).status).toBe(200);
});

it("has security headers, unless the application sets them", async () => {
  expect((await ask("/api")).headers).toMatchObject({
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
  });
  const own = { "x-frame-options": "SAMEORIGIN", "referrer-policy": "no-referrer" };
  expect((await ask(`/api?headers=${encodeURIComponent(JSON.stringify(own))}`)).headers).toMatchObject(own);
});

it("does not believe what a client says of itself", async () => {
  const headers = {
    "x-forwarded-for": "1.2.3.4",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil",
    forwarded: "for=1.2.3.4",
  };
  const seen = JSON.parse((await ask("/headers", { headers })).body.toString()) as Record<string, string>;
  expect(seen).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-host": "app.test" });
  expect(seen["x-forwarded-for"]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(seen["x-forwarded-for"]).not.toBe("1.2.3.4");
  expect(seen).not.toHaveProperty("forwarded");
});

it("compresses text, and nothing that is compressed", async () => {
  const encoding = async (given: Record<string, string>) => {
    const { headers } = await ask(`/api?size=5000&headers=${encodeURIComponent(JSON.stringify(given))}`, {
      headers: { "accept-encoding": "gzip" },
    });
    return headers["content-encoding"];
  };
  expect(await encoding({ "content-type": "application/json; charset=utf-8" })).toBe("gzip");
  expect(await encoding({ "content-type": "image/png" })).toBeUndefined();
  expect(await encoding({ "content-type": "text/plain", "content-encoding": "br" })).toBe("br");
});

it("gets another certificate while it runs: no connection is lost, and a wrong one changes nothing", async () => {
  const agent = new SecureAgent({ keepAlive: true, maxSockets: 1 });
  await ask("/api", { agent });
  const [socket] = Object.values(agent.freeSockets).flat() as TLSSocket[];
  await setCertificate(stand.gateway, second.pem);
  expect((await ask("/api", { agent })).status).toBe(200);
  expect((Object.values(agent.freeSockets).flat() as TLSSocket[])[0]).toBe(socket);
  agent.destroy();
  expect(await shown()).toBe(second.ca.trim());
  const mixed = first.pem.replace(first.ca, second.ca);
  await expect(setCertificate(stand.gateway, mixed)).rejects.toThrow(
    /^agatha:gateway\.certificate: the gateway does not take it\. It says: .*inconsistencies between private key and certificate/,
  );
  expect(await shown()).toBe(second.ca.trim());
  await setCertificate(stand.gateway, first.pem);
  expect(await shown()).toBe(first.ca.trim());
});

/** The certificate that a new connection is shown, as PEM. */
const shown = () =>
  new Promise<string>((resolve) => {
    const socket = connectTls(
      { host: "127.0.0.1", port: stand.https, servername: "app.test", rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerX509Certificate()?.toString().trim() ?? "");
        socket.destroy();
      },
    );
  });
