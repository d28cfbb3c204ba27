/** Backs of one class, for what the sample does not do. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { well } from "./host.ts";
import { zip } from "./zip.ts";

const SOCKETS = `import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.Base64;

public class Sockets {
  public static void main(String[] args) throws Exception {
    try (var server = new ServerSocket(8000)) {
      while (true) {
        var client = server.accept();
        new Thread(() -> { try (client) { answer(client); } catch (Exception gone) { } }).start();
      }
    }
  }

  static void answer(Socket client) throws Exception {
    var reader = new BufferedReader(new InputStreamReader(client.getInputStream()));
    String key = null;
    for (var line = reader.readLine(); line != null && !line.isEmpty(); line = reader.readLine())
      if (line.toLowerCase().startsWith("sec-websocket-key:")) key = line.substring(18).trim();
    var out = client.getOutputStream();
    if (key == null) {
      out.write("HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n".getBytes());
      return;
    }
    var sum = MessageDigest.getInstance("SHA-1").digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes());
    out.write(("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: "
        + Base64.getEncoder().encodeToString(sum) + "\\r\\n\\r\\n").getBytes());
    while (true) {
      out.write(new byte[] {(byte) 0x81, 4, 't', 'i', 'c', 'k'});
      Thread.sleep(100);
    }
  }
}
`;

const LOOPBACK = `import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Loopback {
  public static void main(String[] args) throws Exception {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 8000), 0);
    server.createContext("/", exchange -> exchange.sendResponseHeaders(200, -1));
    server.start();
  }
}
`;

/** Answers everything with 200; a WebSocket gets a message every 100 ms until the back ends. */
export const socketsJar = (folder: string): Promise<string> => jarOf("Sockets", SOCKETS, folder);

/** Answers everything with 200, on 127.0.0.1 only. */
export const loopbackJar = (folder: string): Promise<string> => jarOf("Loopback", LOOPBACK, folder);

async function jarOf(name: string, source: string, folder: string): Promise<string> {
  const at = (extension: string) => join(folder, `${name}.${extension}`);
  writeFileSync(at("java"), source);
  await well("javac", ["--release", "17", "-d", folder, at("java")]);
  const manifest = `Manifest-Version: 1.0\nMain-Class: ${name}\n`;
  const classes = readdirSync(folder).filter((file) => file.startsWith(name) && file.endsWith(".class"));
  const entries = Object.fromEntries(classes.map((file) => [file, readFileSync(join(folder, file))]));
  writeFileSync(at("jar"), zip({ "META-INF/MANIFEST.MF": manifest, ...entries }));
  return at("jar");
}
