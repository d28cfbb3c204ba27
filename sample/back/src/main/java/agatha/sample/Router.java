package agatha.sample;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Routes a request. Knows nothing of sockets, so that it can be tested alone. */
final class Router {
    /** Reads the body only if a route needs it. */
    interface Body extends Supplier<byte[]> {}

    private static final Pattern ONE_BUDGET = Pattern.compile("/api/budgets/([^/]+)");

    private final Budgets budgets;
    private final String version;

    Router(Budgets budgets, String version) {
        this.budgets = budgets;
        this.version = version;
    }

    Response answer(String method, String path, Body body) {
        try {
            Map<String, Supplier<Response>> methods = methodsOf(path, body);
            if (methods.isEmpty()) {
                return Response.error(404, "there is nothing at " + path);
            }
            if (method.equals("OPTIONS")) {
                return new Response(204, null, Map.of("Allow", allowed(methods)));
            }
            // HEAD is answered as GET; the server leaves the body out.
            Supplier<Response> route = methods.get(method.equals("HEAD") ? "GET" : method);
            if (route == null) {
                String reason = method + " is not possible on " + path + ", only " + allowed(methods);
                return new Response(405, Map.of("error", reason), Map.of("Allow", allowed(methods)));
            }
            return route.get();
        } catch (Refusal refusal) {
            return Response.error(refusal.status, refusal.getMessage());
        }
    }

    private Map<String, Supplier<Response>> methodsOf(String path, Body body) {
        switch (path) {
            case "/ping":
                return Map.of("GET", () -> Response.of(200, Map.of("ping", "pong")));
            case "/health":
                return Map.of("GET", this::health);
            case "/version":
                return Map.of("GET", () -> Response.of(200, Map.of("version", version)));
            case "/api/budgets":
                return Map.of("GET", () -> Response.of(200, budgets.all()), "POST", () -> add(body));
            default:
                Matcher one = ONE_BUDGET.matcher(path);
                return one.matches()
                        ? Map.of("GET", () -> find(one.group(1)), "DELETE", () -> delete(one.group(1)))
                        : Map.of();
        }
    }

    private static String allowed(Map<String, Supplier<Response>> methods) {
        return String.join(", ", new TreeMap<>(methods).keySet()) + ", OPTIONS";
    }

    private Response health() {
        return budgets.answers()
                ? Response.of(200, Map.of("database", "up"))
                : Response.of(503, Map.of("database", "down", "error", "the database does not answer"));
    }

    private Response add(Body body) {
        Budget added = budgets.add(NewBudget.from(Json.parse(body.get())));
        return new Response(201, added, Map.of("Location", "/api/budgets/" + added.id()));
    }

    private Response find(String id) {
        return budgets.find(number(id)).map(budget -> Response.of(200, budget)).orElseThrow(() -> unknown(id));
    }

    private Response delete(String id) {
        if (!budgets.delete(number(id))) {
            throw unknown(id);
        }
        return Response.of(204, null);
    }

    private static long number(String id) {
        if (id.matches("[0-9]{1,18}")) {
            return Long.parseLong(id);
        }
        throw unknown(id);
    }

    private static Refusal unknown(String id) {
        return Refusal.notFound("there is no budget " + id);
    }
}
