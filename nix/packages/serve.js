// Serves a folder by http-server: `node serve.js --root DIR --port PORT --spa true|false [--overlay DIR]`; the last of an
// option wins. What the overlay has is served in place of what the root has.
// As a library and not by its command, whose only fallback for deep links (`--proxy` to itself) loops on a POST.

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const httpServer = require("http-server");

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

/** Whether the folder has something to serve under this URL path. A malformed path is http-server's to refuse. */
function isServed(folder, pathname) {
  try {
    const file = path.join(folder, path.normalize(`/${decodeURIComponent(pathname)}`));
    return fs.statSync(file).isDirectory() ? fs.existsSync(path.join(file, "index.html")) : true;
  } catch (error) {
    return error instanceof URIError;
  }
}

/** A page of the application, as opposed to a file of it: what a browser navigates to, or what has no extension. */
function isPage(request, pathname) {
  return (request.headers.accept ?? "").includes("text/html") || path.extname(pathname) === "";
}

const pathOf = (request) => request.url.split(/[?#]/, 1)[0];

function fallBackToIndex(request) {
  const pathname = pathOf(request);
  const reads = request.method === "GET" || request.method === "HEAD";
  request.asked = request.url; // for the log
  const served = folders.some(({ folder }) => isServed(folder, pathname));
  if (options.spa === "true" && reads && !served && isPage(request, pathname)) request.url = "/index.html";
}

/** Vite puts a hash of the content into these names, so they never change; everything else may at the next deployment. */
function cacheControl(pathname) {
  return /\/assets\/[^/]*-[\w-]{8,}\.\w+$/.test(pathname)
    ? "public, max-age=31536000, immutable"
    : "no-cache, no-store, must-revalidate";
}

const serverOf = (folder) => ({
  folder,
  server: httpServer.createServer({
    root: folder,
    cache: cacheControl,
    showDir: "false",
    showDotfiles: false,
    logFn(request, _response, error) {
      if (request.headers["user-agent"] === "agatha-probe") return;
      const end = error === undefined ? "" : ` ${error.status} ${error.message}`;
      // http-server wraps what this server took.
      const asked = request.request?.asked ?? request.url;
      console.log(`${new Date().toISOString()} ${request.method} ${asked}${end}`);
    },
  }).server,
});

/** Topmost first. The root comes last, and answers what no folder has. */
const folders = [options.overlay, options.root].filter(Boolean).map(serverOf);

const server = http.createServer((request, response) => {
  fallBackToIndex(request);
  const has = folders.find(({ folder }) => isServed(folder, pathOf(request))) ?? folders.at(-1);
  has.server.emit("request", request, response);
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
