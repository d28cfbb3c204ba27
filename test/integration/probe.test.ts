/** The probe of services, against test servers: where they listen, and what they answer. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, expect, it } from "vitest";
import { execute, freePort } from "../support/host.ts";

let server: Server | undefined;
afterEach(
  () => new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve))),
);

const ok: RequestListener = (_, response) => response.end("ok");

/** Probes a server that listens there; `PORT` is replaced by its port. */
async function probe(where: ListenOptions, answer = ok, statuses = "200") {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen({ port: 0, ...where }, resolve));
  const { port } = listening.address() as AddressInfo;
  const { code, output } = await execute("bash", [
    "nix/packages/probe.sh",
    String(port),
    "/health",
    statuses,
  ]);
  return { code, output: output.replaceAll(String(port), "PORT").trim() };
}

const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

it.each([["0.0.0.0"], ["::"], [own]])("accepts a server that listens on %s", async (host) => {
  expect(await probe({ host })).toEqual({ code: 0, output: "" });
});

it.each(["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])(
  "refuses a server that listens only on %s, where no other container reaches it",
  async (host) => {
    const { code, output } = await probe({ host });
    expect(code).toBe(3);
    const shown = host === "::1" ? "::1" : "127.0.0.1";
    expect(output).toBe(
      `agatha-probe: http://127.0.0.1:PORT/health listens on ${shown} only; let it listen on 0.0.0.0`,
    );
  },
);

it("refuses a server that listens only on IPv6, or none, and says which", async () => {
  expect(await probe({ host: "::", ipv6Only: true })).toEqual({
    code: 1,
    output:
      "agatha-probe: http://127.0.0.1:PORT/health refuses connections: it listens on IPv6 only; let it listen on 0.0.0.0",
  });
  const port = String(await freePort());
  const { code, output } = await execute("bash", ["nix/packages/probe.sh", port, "/", "200"]);
  expect([code, output]).toEqual([1, expect.stringMatching(/refuses connections\n$/)]);
});

it("sends a loopback address as Host, which servers with allowed hosts accept", async () => {
  const hosts: (string | undefined)[] = [];
  const { code } = await probe({ host: own ?? "" }, ({ headers }, response) => {
    hosts.push(headers.host?.replace(/:\d+$/, ""));
    response.end();
  });
  expect([code, hosts]).toEqual([0, ["127.0.0.1"]]);
});

it("reports an answer that is not an accepted status", async () => {
  const notFound: RequestListener = (_, response) => response.writeHead(404).end();
  expect(await probe({ host: "0.0.0.0" }, notFound, "200,404")).toMatchObject({ code: 0 });
  expect(await probe({ host: "0.0.0.0" }, notFound, "200,204")).toEqual({
    code: 1,
    output:
      'agatha-probe: http://127.0.0.1:PORT/health answered "HTTP/1.1 404 Not Found", not one of 200,204',
  });
});
