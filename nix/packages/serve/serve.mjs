// Serves a folder by http-server: `node serve.mjs --root DIR --port PORT --spa true|false [--overlay DIR]`; the last of an
// option wins. What the overlay has is served in place of what the root has.
// http-server knows types and character sets and sends the bytes. What is asked for is settled here before, since it
// redirects to other hosts, takes ranges and conditions in its own way, and dates every file of an image 1970.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { chunksOf, holdsHash } from "./hashedNames.mjs";
import { lists, pathOf, rangeOf, targetOf } from "./requests.mjs";

// By NODE_PATH, which `import` passes over.
const httpServer = createRequire(import.meta.url)("http-server");

const OPTIONS = ["address", "overlay", "port", "root", "spa"];
const options = { address: "0.0.0.0", port: "5173", spa: "false" };
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, "");
  if (!OPTIONS.includes(name) || process.argv[i + 1] === undefined) {
    console.error(`agatha-front: "${process.argv[i]}" is no option. Use --port PORT or --address ADDRESS.`);
    process.exit(2);
  }
  options[name] = process.argv[i + 1];
}

const REVALIDATE = "no-cache";
const YEAR = "public, max-age=31536000, immutable";

const serverOf = (folder) => ({
  folder,
  server: httpServer.createServer({
    root: folder,
    showDir: "false",
    mimetypes: { "image/avif": ["avif"] },
    // The one place where its response can be had: a client that went away left the file open, for good.
    logFn(_request, target) {
      target.on("pipe", (file) => target.response.once("close", () => file.destroy()));
    },
  }).server,
});

/** Topmost first. The root comes last, and answers what no folder has. */
const folders = [options.overlay, options.root].filter(Boolean).map(serverOf);
const chunks = chunksOf(options.root);

/** The file that is served under a path: a folder's is its index.html. Undefined where there is none. */
async function find(pathname) {
  for (const place of folders) {
    for (const name of [pathname, `${pathname}/index.html`]) {
      const file = path.join(place.folder, name);
      const found = await stat(file).catch(() => undefined);
      const inFolder = name !== pathname;
      if (found?.isFile()) return { ...place, file, stat: found, name: path.posix.normalize(name), inFolder };
    }
  }
  return undefined;
}

/**
 * Whether index.html answers for what is not there: for a page of the application, which is what a browser navigates to
 * or what has no extension; never for a script or another file of a former deployment, or what a machine asks for.
 */
function isPage(request, pathname) {
  if (/\.(?:[cm]?js|css|map|wasm)$/i.test(pathname) || holdsHash(pathname) || pathname.includes("/.")) return false;
  return (request.headers.accept ?? "").includes("text/html") || path.extname(pathname) === "";
}

/** Strong entity tags, of the content: in an image all files have one time, so neither it nor a size tells versions apart. */
const tags = new Map();
function tagOf(file, { ino, ctimeMs, size }) {
  const key = [file, ino, ctimeMs, size].join("\0");
  if (!tags.has(key)) {
    const hash = createHash("sha256");
    const tag = pipeline(createReadStream(file), hash).then(() => `"${hash.digest("base64url").slice(0, 22)}"`);
    tags.set(key, tag);
    tag.catch(() => tags.delete(key));
  }
  return tags.get(key);
}

function end(response, status, headers = {}) {
  response.statusCode = status;
  response.setHeaders(new Map(Object.entries({ "cache-control": REVALIDATE, ...headers })));
  response.end();
}

/** Lets http-server answer with a file; these headers and the status win over its own, unless it fails meanwhile. */
function handOn({ server, name }, request, response, headers, status) {
  const { writeHead } = response;
  response.writeHead = (given) => {
    for (const name of ["etag", "last-modified"]) response.removeHeader(name);
    const answered = given === 200 || given === 206;
    response.setHeaders(new Map(Object.entries(answered ? headers : { "cache-control": REVALIDATE })));
    return writeHead.call(response, status ?? given);
  };
  request.url = targetOf(name);
  server.emit("request", request, response);
}

/** Answers with the dist's 404.html, where it has one. */
async function handNothing(request, response) {
  const page = await find("/404.html");
  if (page === undefined) return end(response, 404);
  withoutConditions(request);
  handOn(page, request, response, { "cache-control": REVALIDATE }, 404);
}

/** http-server has none of them right. */
function withoutConditions({ headers }) {
  for (const name of ["if-modified-since", "if-none-match", "range"]) delete headers[name];
}

/** Settles the conditions of a request. The range that is left of it is for http-server. */
function handFile(found, tag, isFallback, request, response) {
  const { headers } = request;
  const lasts = !isFallback && found.folder === options.root && (holdsHash(found.name) || chunks.has(found.name));
  const own = { etag: tag, "cache-control": lasts ? YEAR : REVALIDATE };
  if (headers["if-match"] && !lists(headers["if-match"], tag, { weakly: false })) return end(response, 412);
  if (headers["if-none-match"] && lists(headers["if-none-match"], tag, { weakly: true }))
    return end(response, 304, own);
  const asked = request.method === "GET" && (headers["if-range"] ?? tag) === tag ? headers.range : undefined;
  const range = rangeOf(asked ?? "", found.stat.size);
  if (range === "unsatisfiable")
    return end(response, 416, { "content-range": `bytes */${found.stat.size}`, "accept-ranges": "bytes" });
  withoutConditions(request);
  if (range !== undefined) headers.range = `bytes=${range.start}-${range.end}`;
  handOn(found, request, response, own);
}

async function answer(request, response) {
  if (request.method !== "GET" && request.method !== "HEAD")
    return end(response, 405, { allow: "GET, HEAD" });
  const pathname = pathOf(request.url);
  if (pathname === undefined) return end(response, 400);
  const found = await find(pathname);
  if (found?.inFolder && !pathname.endsWith("/")) {
    const query = /\?[^#]*/.exec(request.url)?.[0] ?? "";
    return end(response, 302, { location: `${targetOf(pathname)}/${query}` });
  }
  const file = found ?? (options.spa === "true" && isPage(request, pathname) ? await find("/") : undefined);
  if (file === undefined) return handNothing(request, response);
  const tag = await tagOf(file.file, file.stat);
  handFile(file, tag, found === undefined, request, response);
}

const server = http.createServer((request, response) => {
  const { method, url, headers } = request;
  response.once("close", () => {
    // Docker's checks, and the gateway's.
    if (["agatha-probe", "agatha-gateway"].includes(headers["user-agent"])) return;
    console.log(`${new Date().toISOString()} ${method} ${url} ${response.statusCode}`);
  });
  answer(request, response).catch((error) => {
    console.error(`agatha-front: ${method} ${url}: ${error.message}`);
    if (!response.headersSent) end(response, 500);
  });
});

server.on("error", (error) => {
  const mend =
    error.code === "EADDRINUSE" ? "Stop what listens there, or choose another port" : "Choose another port";
  console.error(`agatha-front: port ${options.port} cannot be listened on (${error.code}). ${mend}.`);
  process.exit(1);
});
server.listen(Number(options.port), options.address, () => {
  console.log(`agatha-front: serving ${options.root} on http://${options.address}:${options.port}`);
});

// A process with id 1 ignores these unless it handles them.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => process.exit(0));
}
