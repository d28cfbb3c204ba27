/** The gateway on real docker: nothing fails while containers take over from each other, restart and end. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get, request } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
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
