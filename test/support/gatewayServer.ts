/** A service behind a gateway, for tests: what it answers is asked for by the request. Runs by itself in a container. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { hostname } from "node:os";

const { READY_AFTER_MS = "0", KEEP_MS = "5000", PORT = "8000", ONLY_HOST = "", ABSENT = "" } = process.env;
const start = performance.now();
/** How often each path was asked for. */
const asked = new Map<string, number>();

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://service");
  asked.set(url.pathname, (asked.get(url.pathname) ?? 0) + 1);
  if (performance.now() - start < Number(READY_AFTER_MS)) response.writeHead(503).end("not ready");
  else if (!request.headers.host?.startsWith(ONLY_HOST)) response.writeHead(403).end("not for you");
  else if (url.pathname === ABSENT) response.writeHead(404).end("not there");
  else if (url.pathname === "/asked")
    response.end(String(asked.get(url.searchParams.get("path") ?? "") ?? 0));
  else if (url.pathname === "/headers") response.end(JSON.stringify(request.headers));
  else if (url.pathname === "/cut") request.socket.destroy();
  else {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    const headers = JSON.parse(url.searchParams.get("headers") ?? "{}") as Record<string, string>;
    const size = Number(url.searchParams.get("size") ?? 0);
    setTimeout(
      () => response.writeHead(200, headers).end(size > 0 ? "x".repeat(size) : `${hostname()} ${bytes}`),
      Number(url.searchParams.get("ms") ?? 0),
    );
  }
});
server.keepAliveTimeout = Number(KEEP_MS);
server.on("upgrade", (request, socket) => {
  // RFC 6455, section 1.3.
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  // Echoes bytes; what they would mean as frames is of no interest here.
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => {});
});
server.listen(Number(PORT));
process.on("SIGTERM", () => process.exit(0));
