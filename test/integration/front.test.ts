/** The front's package, without docker: requests of browsers, proxies and attackers. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { execute, freePort } from "../support/scratch.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-front-"));
const overlay = join(folder, "overlay");
const HASHED = "/assets/index-BqA1x3fZ.js";
const files: Record<string, string | Buffer> = {
  "index.html": "<p>the page</p>",
  "nums.txt": "0123456789",
  "big.bin": Buffer.alloc(40_000_000, "x"),
  "docs/index.html": "<p>docs</p>",
  "100% of #1?.txt": "odd",
  "ü.txt": "umlaut",
  ".well-known/security.txt": "Contact: x",
  [HASHED.slice(1)]: "1",
  "assets/logo-horizontal.svg": "<svg/>",
};

let server: ChildProcess;
let port: number;
let printed = "";

beforeAll(async () => {
  const dist = join(folder, "dist");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, name), content);
  }
  mkdirSync(overlay);
  const link = join(folder, "front");
  const application = JSON.stringify({ front: { dist } });
  const args = ["nix", "-A", "front", "--argstr", "application", application, "--out-link", link];
  const { code, output } = await execute("nix-build", args);
  expect(code, output).toBe(0);
  port = await freePort();
  server = spawn(join(link, "bin/agatha-front"), ["--port", String(port), "--overlay", overlay]);
  for (const stream of [server.stdout, server.stderr])
    stream?.on("data", (text) => (printed += String(text)));
  await vi.waitFor(() => ask("/"), { timeout: 60_000, interval: 100 });
});

afterAll(async () => {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
});

interface Answer {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** Requests exactly this target; `fetch` would normalise it. */
const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<Answer>((resolve, reject) => {
    const request = http.request({ port, path, headers, method, agent: false }, async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on("error", reject).end();
  });

const PAGE = { accept: "text/html,*/*;q=0.8" };

describe("a redirect", () => {
  // Regression: http-server built it from the raw target, which a browser reads as another host.
  it.each([
    "//evil.example/..%2fdocs",
    "/\\evil.example/..%2fdocs",
    "/%5cevil.example/..%2fdocs",
    "/%2f%2fevil.example/..%2fdocs",
    "///evil.example/%2e%2e/docs",
    "http://evil.example//docs",
    "/docs",
  ])("stays on this host: %s", async (target) => {
    expect(await ask(target)).toMatchObject({ status: 302, headers: { location: "/docs/" } });
  });

  it("keeps the query, and is not cached", async () => {
    const { headers } = await ask("/docs?next=//evil.example");
    expect(headers).toMatchObject({ location: "/docs/?next=//evil.example", "cache-control": "no-cache" });
    expect((await ask("/docs/")).text).toBe("<p>docs</p>");
  });

  it("is not made for a folder without a page", async () => {
    expect(await ask("/assets", PAGE)).toMatchObject({ status: 200, text: "<p>the page</p>" });
  });
});

describe("what is there", () => {
  it.each([
    ["/100%25%20of%20%231%3F.txt", "odd"],
    ["/%C3%BC.txt?utm=100%", "umlaut"],
    ["/.well-known/security.txt", "Contact: x"],
    ["/a/../nums.txt", "0123456789"],
  ])("is found: %s", async (target, text) => expect(await ask(target)).toMatchObject({ status: 200, text }));

  it("may be cached for a year only if its name changes with its content", async () => {
    expect((await ask(HASHED)).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    for (const target of ["/", "/assets/logo-horizontal.svg", "/budgets/7"])
      expect((await ask(target, PAGE)).headers["cache-control"], target).toBe("no-cache");
    mkdirSync(join(overlay, "assets"));
    writeFileSync(join(overlay, HASHED), "laid over");
    expect(await ask(HASHED)).toMatchObject({ headers: { "cache-control": "no-cache" }, text: "laid over" });
    rmSync(join(overlay, HASHED));
  });

  it("is the page for a path of the application", async () => {
    for (const target of ["/budgets/7", "/users/jane.doe", "/assets/report.pdf"])
      expect(await ask(target, PAGE), target).toMatchObject({ status: 200, text: "<p>the page</p>" });
  });
});

describe("what is not there", () => {
  // A script of an earlier deployment: index.html is no script, and would be cached under that name.
  it.each([
    "/assets/index-Cq9_x3fZ.js",
    "/gone.css",
    "/assets/logo-Cq9_x3fZ.svg",
    "/.well-known/change-password",
  ])("is a 404 even to a browser: %s", async (target) => {
    expect(await ask(target, PAGE)).toMatchObject({ status: 404, headers: { "cache-control": "no-cache" } });
  });

  it.each([
    ["/%", 400],
    ["/%00.js", 400],
    [`/${"a".repeat(300)}.js`, 404],
    ["/nums.txt/", 404],
  ])("is answered without the server's own text: %s", async (target, status) => {
    expect(await ask(target)).toMatchObject({ status, text: "" });
  });

  it("is answered with the dist's own 404 page if there is one", async () => {
    writeFileSync(join(overlay, "404.html"), "<p>lost</p>");
    const answer = await ask("/gone.js", {
      range: "bytes=0-1",
      "if-modified-since": new Date().toUTCString(),
    });
    expect(answer).toMatchObject({
      status: 404,
      headers: { "cache-control": "no-cache" },
      text: "<p>lost</p>",
    });
    rmSync(join(overlay, "404.html"));
  });
});

describe("part of a file", () => {
  it.each([
    ["bytes=-3", "bytes 7-9/10", "789"],
    ["bytes=2-3", "bytes 2-3/10", "23"],
    ["bytes=8-99", "bytes 8-9/10", "89"],
  ])("is the requested range: %s", async (range, contentRange, text) => {
    const headers = { "content-range": contentRange, "content-length": String(text.length) };
    expect(await ask("/nums.txt", { range })).toMatchObject({ status: 206, headers, text });
  });

  it.each(["items=0-3", "bytes=5-2", "bytes=0-1,5-6"])("is the whole file for %s", async (range) => {
    expect(await ask("/nums.txt", { range })).toMatchObject({ status: 200, text: "0123456789" });
  });

  it("beyond its end is refused with its size", async () => {
    const answer = await ask("/nums.txt", { range: "bytes=10-" });
    expect(answer).toMatchObject({ status: 416, headers: { "content-range": "bytes */10" } });
  });

  it("is for GET only, and for the version that If-Range names", async () => {
    const { etag = "" } = (await ask("/nums.txt")).headers;
    const range = "bytes=0-1";
    expect(await ask("/nums.txt", { range }, "HEAD")).toMatchObject({ status: 200, text: "" });
    expect(await ask("/nums.txt", { range, "if-range": etag })).toMatchObject({ status: 206, text: "01" });
    for (const other of ['"other"', `W/${etag}`, new Date().toUTCString()])
      expect(await ask("/nums.txt", { range, "if-range": other })).toMatchObject({ status: 200 });
  });
});

describe("a condition", () => {
  it("depends on the content only", async () => {
    const { etag = "", ...headers } = (await ask("/nums.txt")).headers;
    expect(headers).not.toHaveProperty("last-modified");
    for (const list of [etag, `"x", W/${etag}`, "*"]) {
      const answer = await ask("/nums.txt", { "if-none-match": list, range: "bytes=0-1" });
      expect(answer).toMatchObject({ status: 304, headers: { etag, "cache-control": "no-cache" }, text: "" });
    }
    expect(await ask("/nums.txt", { "if-none-match": '"x"' })).toMatchObject({ status: 200 });
    expect(await ask("/nums.txt", { "if-match": '"x"' })).toMatchObject({ status: 412 });
    expect(await ask("/nums.txt", { "if-match": etag })).toMatchObject({ status: 200 });
  });

  // Regression: files in an image are dated 1970, so http-server answered 304 whatever was deployed since.
  it("on a date is ignored", async () => {
    const answer = await ask("/nums.txt", { "if-modified-since": new Date().toUTCString() });
    expect(answer).toMatchObject({ status: 200, text: "0123456789" });
  });

  it("fails for other content of the same size and date", async () => {
    const file = join(overlay, "properties.js");
    const tags = [];
    for (const text of ["a", "b"]) {
      rmSync(file, { force: true });
      writeFileSync(file, text);
      utimesSync(file, 1, 1);
      tags.push((await ask("/properties.js")).headers.etag);
    }
    expect(tags[0]).not.toBe(tags[1]);
  });
});

it("takes nothing but GET and HEAD, and says so", async () => {
  expect(await ask("/", {}, "HEAD")).toMatchObject({
    status: 200,
    headers: { "content-length": "15" },
    text: "",
  });
  for (const method of ["POST", "OPTIONS"])
    expect(await ask("/", {}, method)).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
});

it("closes the file of an aborted download", async () => {
  const open = () => {
    const fds = `/proc/${server.pid}/fd`;
    return readdirSync(fds).filter((fd) => {
      try {
        return readlinkSync(join(fds, fd)).endsWith("big.bin");
      } catch {
        return false; // closed meanwhile
      }
    });
  };
  const breakOff = (headers: Record<string, string>) =>
    new Promise((resolve) => {
      const request = http.get({ port, path: "/big.bin", headers, agent: false }, (response) => {
        response.once("data", () => request.destroy());
      });
      request.on("error", () => undefined).on("close", resolve);
    });
  for (const headers of [{}, { range: "bytes=1-" }]) await breakOff(headers as Record<string, string>);
  // Regression: http-server never closed it.
  await vi.waitFor(() => expect(open()).toEqual([]), { timeout: 10_000 });
});

it("logs a line per request, but none for a probe, docker's or the gateway's", async () => {
  for (const agent of ["agatha-probe", "agatha-gateway"]) await ask("/probed", { "user-agent": agent });
  await ask("/gone.js");
  await vi.waitFor(() => expect(printed).toMatch(/^\S+Z GET \/gone\.js 404$/m));
  expect(printed).not.toContain("/probed");
});
