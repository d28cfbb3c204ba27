/** The gateway on real docker: nothing fails while containers take over from each other, restart and end. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { setCertificate } from "../../lib/gateway/certificate.ts";
import { drained, hold, route } from "../../lib/gateway/routes.ts";
import { slots } from "../../lib/gateway/slots.ts";
import { siteCertificate } from "../support/certificates.ts";
import { GatewayStand, PLAN } from "../support/gatewayStand.ts";
import { HttpLoad } from "../support/httpLoad.ts";

let stand: GatewayStand;
/** Two containers of the back. */
let [one, two] = ["", ""];

beforeAll(async () => {
  stand = await GatewayStand.make();
  // They close idle connections at once: no request may be sent on one.
  [one, two] = await Promise.all([stand.service({ KEEP_MS: "1" }), stand.service({ KEEP_MS: "1" })]);
  await stand.start();
});
afterAll(() => stand?.remove());

const text = async (url: string, options?: RequestInit) => (await fetch(url, options)).text();
const name = async (path = "/") => (await text(`${stand.back}${path}`)).split(" ")[0];
const drain = (limitMs = 10_000) => drained(stand.gateway, "back", limitMs);
/** The containers that have requests, and their states. */
const states = async () =>
  Object.fromEntries(
    (await slots(stand.gateway, "back"))
      .filter(({ state }) => state !== "maint")
      .map(({ container, state }) => [container, state]),
  );

describe("the configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-check-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const files = siteCertificate(folder, "app.test");
  const pem = readFileSync(files.certificate, "utf8") + readFileSync(files.key, "utf8");
  const site = { domain: "app.test", backPaths: ["/api", "/", "/-x/", "/a%20b/~c;d=(e)'*!$&+,:@"] };
  const odd = { path: `/h'e"a\\l#th$x%y%[src]{}?a=b&c=d`, statuses: [200, 204], interval: "1m30s" };
  const all = Array.from({ length: 500 }, (_, index) => index + 100);

  it.each([
    ["the sample's", PLAN],
    ["with a domain", { ...PLAN, site }],
    ["with one port for both, and a domain", { ...PLAN, front: PLAN.back, site }],
    [
      "with the gateway's own ports",
      { ...PLAN, back: { ...PLAN.back, port: 8441 }, front: { ...PLAN.front, port: 8443 } },
    ],
    ["with any health path", { ...PLAN, back: { ...PLAN.back, health: odd } }],
    [
      "with every status",
      { ...PLAN, back: { ...PLAN.back, health: { ...odd, path: `/${"x".repeat(2000)}`, statuses: all } } },
    ],
    ["with little memory", { ...PLAN, memory: 64 }],
  ])("%s is taken without a warning", async (_, plan) => {
    expect(await stand.check(plan, pem)).toBe("");
  });
});

describe("a switch", () => {
  it("20 times under load: no request fails, and no old answer follows a new one for long", async () => {
    await stand.route(one);
    const load = new HttpLoad(`${stand.back}/`, 150);
    for (let round = 0; round < 10; round++)
      for (const next of [two, one]) {
        await stand.route(next);
        expect(await drain()).toBe(0);
      }
    await load.end();
    expect(load.failures).toEqual([]);
    expect(load.answered).toBeGreaterThan(500);
    expect(load.gap).toBeLessThan(2000);
    expect(await states()).toEqual({ [one]: "ready" });
  });

  it("is done once: to the container that has the requests, nothing changes", async () => {
    const before = await states();
    await stand.route(one);
    expect(await states()).toEqual(before);
  });

  it("survives the gateway's crash at any moment", async () => {
    for (const pause of [0, 150, 300]) {
      const next = (await states())[one] === "ready" ? two : one;
      const crashed = sleep(pause).then(() => stand.crash());
      await stand.route(next);
      await crashed;
      await sleep(200);
      // Docker waits longer before each restart of one that ended soon: 100 ms, 200 ms, and so on.
      expect(await vi.waitFor(() => name(), { timeout: 5000 })).toBe(next);
      await drain();
    }
    await stand.route(one);
    await drain();
  });

  it("leaves a slow request to the old one, until it has finished", async () => {
    await stand.route(one);
    const slow = name("/?ms=2500");
    await sleep(200);
    await stand.route(two);
    expect(await name()).toBe(two);
    expect(await drain()).toBe(0);
    expect(await slow).toBe(one);
  });

  it("reports what did not finish in time, and leaves it alone", async () => {
    await stand.route(two);
    const slow = name("/?ms=9000");
    await sleep(200);
    await stand.route(one);
    expect(await drain(100)).toBe(1);
    expect(await slow).toBe(two);
  });

  it("leaves a WebSocket to the old one until the drain ends", async () => {
    await stand.route(one);
    await drain();
    const socket = await webSocket();
    await stand.route(two);
    const draining = drain(1500);
    expect(await echo(socket, "still here")).toBe("still here");
    expect(await draining).toBe(1);
    socket.destroy();
  });

  it("to a container that is in no network of the gateway, or gone, is refused; the old one serves", async () => {
    await stand.route(two);
    await expect(stand.route("0123456789ab")).rejects.toThrow(/0123456789ab has no address in its network/);
    expect(await name()).toBe(two);
  });
});

/** A connection that was upgraded. */
function webSocket(): Promise<Socket> {
  const key = { "sec-websocket-key": Buffer.alloc(16).toString("base64"), "sec-websocket-version": "13" };
  const headers = { connection: "Upgrade", upgrade: "websocket", ...key };
  return new Promise((resolve, reject) => {
    const asked = request(`${stand.back}/`, { headers });
    asked.on("upgrade", (_response, socket) => resolve(socket as Socket));
    asked.on("response", ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
    asked.on("error", reject);
    asked.end();
  });
}

const echo = (socket: Socket, words: string): Promise<string> =>
  new Promise((resolve) => {
    socket.once("data", (data) => resolve(String(data)));
    socket.write(words);
  });

describe("a gateway that was killed", () => {
  it("has its routes again, and holds requests until then", async () => {
    await stand.route(one);
    await drain();
    await stand.crash();
    const start = performance.now();
    let answer: string | undefined;
    // Nobody listens while docker starts the container.
    while (answer === undefined && performance.now() - start < 10_000)
      answer = await name().catch(() => undefined);
    expect(answer).toBe(one);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await states()).toEqual({ [one]: "ready" });
  });
});

describe("while nobody serves", () => {
  it("a request is held until somebody does", async () => {
    await hold(stand.gateway, "back");
    const held = [text(`${stand.back}/`), text(`${stand.back}/`, { method: "POST", body: "12345" })];
    await sleep(1500);
    await stand.route(two);
    expect(await Promise.all(held)).toEqual([`${two} 0`, `${two} 5`]);
  });

  it("a request gets a short page after 5 s, and the time to try again", async () => {
    await hold(stand.gateway, "back");
    const start = performance.now();
    const response = await fetch(`${stand.back}/`);
    expect(performance.now() - start).toBeGreaterThan(4000);
    expect(performance.now() - start).toBeLessThan(8000);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.text()).toContain("not available right now");
    await stand.route(one);
    expect(await name()).toBe(one);
  });

  it("a service that restarts gets no request before it is ready", async () => {
    const slow = await stand.service({ READY_AFTER_MS: "1000" });
    await stand.route(slow);
    const load = new HttpLoad(`${stand.back}/`, 50);
    await sleep(300);
    await stand.crash(slow);
    await sleep(4000);
    await load.end();
    // A POST that was on its way when it was killed is not sent again; a slow machine may take longer than requests are held.
    for (const failure of load.failures)
      expect(failure).toMatch(/^POST (502 .*|ECONNRESET)$|^\w+ 503 <!doctype html>/);
    expect(load.names).toEqual([slow]);
    await stand.route(one);
    await drain();
  });
});

describe("a request", () => {
  it("that the service ends without an answer is sent again if it may be repeated, and only then", async () => {
    for (const [method, least] of [
      ["GET", 2],
      ["PUT", 2],
      ["POST", 1],
    ] as const) {
      const asked = async () => Number(await text(`${stand.back}/asked?path=/cut`));
      const before = await asked();
      // On a connection of its own: HAProxy closes a kept one instead, so that the client decides what to do.
      const status = new Promise((resolve, reject) => {
        const sent = request(`${stand.back}/cut`, { method, agent: false }, (response) =>
          resolve(response.statusCode),
        );
        sent.on("error", reject).end();
      });
      expect(await status).toBe(502);
      const times = (await asked()) - before;
      expect(times).toBeGreaterThanOrEqual(least);
      if (least === 1) expect(times).toBe(1);
    }
  });

  it("says where it comes from; what another proxy says is kept", async () => {
    const headers = async (given: Record<string, string>) =>
      JSON.parse(await text(`${stand.back}/headers`, { headers: given })) as Record<string, string>;
    expect(await headers({})).toMatchObject({
      "x-forwarded-for": expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      "x-forwarded-proto": "http",
      "x-forwarded-host": new URL(stand.back).host,
    });
    const told = {
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "app.test",
    };
    const passed = await headers(told);
    expect(passed).toMatchObject({ ...told, "x-forwarded-for": expect.stringMatching(/^1\.2\.3\.4, /) });
  });

  it("that is longer than the limit gets 413", async () => {
    const send = (bytes: number) => fetch(`${stand.back}/`, { method: "POST", body: "x".repeat(bytes) });
    expect((await send(1_000_000)).status).toBe(200);
    expect((await send(1_000_001)).status).toBe(413);
  });

  it("is in the access log", async () => {
    await text(`${stand.back}/in-the-log`);
    await expect
      .poll(() => stand.log(), { timeout: 10_000 })
      .toMatch(/ back\/\S+ .* 200 .*"GET \/in-the-log HTTP\/1\.1"/);
  });
});

describe("the admin socket", () => {
  it("is not reachable from another container: the gateway has no other port than its listeners'", async () => {
    expect(await stand.listening()).toEqual([5173, 8000, 8441, 8442]);
  });
});

describe("one port for both services", () => {
  beforeAll(async () => {
    await stand.start({ ...PLAN, front: PLAN.back });
    await stand.route(one);
    await route(stand.gateway, "front", two);
  });

  it("tells them apart by name inside the network, and by port outside", async () => {
    const script = `for (const url of ["agatha-back:8000", "agatha-front:8000", "AGATHA-BACK:8000"])
      console.log((await (await fetch("http://" + url + "/")).text()).split(" ")[0]);`;
    expect((await stand.inside(two, script)).output.trim().split("\n")).toEqual([one, two, one]);
    const host = { host: "agatha-back" };
    expect(await text(`${stand.back}/`)).toBe(`${one} 0`);
    const answer = new Promise<string>((resolve) => {
      get(`${stand.front}/`, { headers: host }, (response) => {
        response.on("data", (data) => resolve(String(data)));
      });
    });
    expect(await answer).toBe(`${two} 0`);
  });
});

describe("a domain", () => {
  let first: { pem: string; ca: string };
  let second: typeof first;
  const certificate = (folder: string) => {
    const files = siteCertificate(join(stand.folder, folder), "app.test");
    const ca = readFileSync(files.certificate, "utf8");
    return { pem: `${ca}${readFileSync(files.key, "utf8")}`, ca };
  };

  beforeAll(async () => {
    [first, second] = [certificate("first"), certificate("second")];
    await stand.start({ ...PLAN, site: { domain: "app.test", backPaths: ["/api", "/b/c"] } }, first.pem);
    await stand.route(one);
    const front = await stand.service({ PORT: "5173" });
    await route(stand.gateway, "front", front);
  });

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
  const served = async (path: string) =>
    (await ask(path)).body.toString().startsWith(one) ? "back" : "front";

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
});
