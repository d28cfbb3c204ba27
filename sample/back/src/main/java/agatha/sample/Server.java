package agatha.sample;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HTTP around the router: limits, CORS, JSON, the access log, and a shutdown that finishes running requests. */
final class Server {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    static final int LARGEST_BODY = 16 * 1024;
    /** Below docker's ten seconds between SIGTERM and SIGKILL. */
    private static final long DRAIN_MILLIS = 8_000;

    private final HttpServer http;
    private final Router router;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger threadNumber = new AtomicInteger();
    private final ExecutorService threads =
            Executors.newFixedThreadPool(32, work -> new Thread(work, "http-" + threadNumber.incrementAndGet()));
    private volatile boolean stopping;

    Server(int port, Router router) throws IOException {
        this.router = router;
        // Without it each answer may wait 40 ms for an acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // Seconds for a request to arrive completely, so that slow clients do not take all threads.
        System.setProperty("sun.net.httpserver.maxReqTime", "20");
        System.setProperty("sun.net.httpserver.maxRspTime", "30");
        http = HttpServer.create(new InetSocketAddress("0.0.0.0", port), 0);
        http.setExecutor(threads);
        http.createContext("/", this::handle);
    }

    void start() {
        http.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        running.incrementAndGet();
        long begun = System.nanoTime();
        int status = 0;
        try (exchange) {
            Response response = answer(exchange);
            status = response.status();
            write(exchange, response);
        } finally {
            running.decrementAndGet();
            log(exchange, status, (System.nanoTime() - begun) / 1_000_000);
        }
    }

    private Response answer(HttpExchange exchange) {
        if (stopping) {
            return Response.error(503, "the server is stopping");
        }
        try {
            return router.answer(exchange.getRequestMethod(), exchange.getRequestURI().getPath(), () -> body(exchange));
        } catch (RuntimeException e) {
            LOG.error("{} {} failed", exchange.getRequestMethod(), path(exchange), e);
            return Response.error(500, "something went wrong in the server");
        }
    }

    private static byte[] body(HttpExchange exchange) {
        try {
            byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
            if (body.length > LARGEST_BODY) {
                throw new Refusal(413, "body: must have at most " + LARGEST_BODY + " bytes");
            }
            return body;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(HttpExchange exchange, Response response) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        headers.set("Access-Control-Allow-Origin", "*");
        headers.set("Cache-Control", "no-store");
        response.headers().forEach(headers::set);
        if (exchange.getRequestMethod().equals("OPTIONS")) {
            headers.set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
            headers.set("Access-Control-Allow-Headers", "Content-Type, Accept");
            headers.set("Access-Control-Max-Age", "600");
        }
        if (stopping || response.status() == 413) {
            headers.set("Connection", "close");
        }
        if (response.body() == null) {
            exchange.sendResponseHeaders(response.status(), -1);
            return;
        }
        byte[] bytes = Json.bytes(response.body());
        headers.set("Content-Type", "application/json; charset=utf-8");
        headers.set("X-Content-Type-Options", "nosniff");
        if (exchange.getRequestMethod().equals("HEAD")) {
            headers.set("Content-Length", String.valueOf(bytes.length));
            exchange.sendResponseHeaders(response.status(), -1);
            return;
        }
        exchange.sendResponseHeaders(response.status(), bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** One line per request; frequent probes only at DEBUG. The query may hold anything and is left out. */
    private static void log(HttpExchange exchange, int status, long millis) {
        String path = path(exchange);
        if (path.equals("/ping") || path.equals("/health")) {
            LOG.debug("{} {} {} {} ms", exchange.getRequestMethod(), path, status, millis);
        } else {
            LOG.info("{} {} {} {} ms", exchange.getRequestMethod(), path, status, millis);
        }
    }

    private static String path(HttpExchange exchange) {
        // The raw path: escaped, so that it cannot break a line of the log.
        return String.valueOf(exchange.getRequestURI().getRawPath());
    }

    /** Finishes running requests, refuses new ones, then closes. By hand, since HttpServer.stop(n) of Java 17 always waits n seconds. */
    void stop() {
        stopping = true;
        long end = System.currentTimeMillis() + DRAIN_MILLIS;
        try {
            // Idle twice: a request that was just accepted is counted a moment later.
            for (int idle = 0; idle < 2 && System.currentTimeMillis() < end; idle = running.get() == 0 ? idle + 1 : 0) {
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        http.stop(0);
        threads.shutdownNow();
    }
}
