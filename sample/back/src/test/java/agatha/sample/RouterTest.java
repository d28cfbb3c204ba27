package agatha.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouterTest {
    /** Budgets in memory; refuses everything while it is down, like the database. */
    private static final class InMemory implements Budgets {
        final List<Budget> kept = new ArrayList<>();
        boolean up = true;

        private void needUp() {
            if (!up) {
                throw new Refusal(503, "the database does not answer");
            }
        }

        @Override
        public List<Budget> all() {
            needUp();
            return kept;
        }

        @Override
        public Optional<Budget> find(long id) {
            needUp();
            return kept.stream().filter(budget -> budget.id() == id).findFirst();
        }

        @Override
        public Budget add(NewBudget wanted) {
            needUp();
            Budget budget = new Budget(kept.size() + 1, wanted.name(), wanted.amountCents(), "2026-01-01T00:00:00Z");
            kept.add(budget);
            return budget;
        }

        @Override
        public boolean delete(long id) {
            needUp();
            return kept.removeIf(budget -> budget.id() == id);
        }

        @Override
        public boolean answers() {
            return up;
        }
    }

    private final InMemory budgets = new InMemory();
    private final Router router = new Router(budgets, "1.2.3");

    private Response ask(String method, String path, String body) {
        return router.answer(method, path, () -> body.getBytes(StandardCharsets.UTF_8));
    }

    private String json(String method, String path) {
        Response response = ask(method, path, "");
        String body = response.body() == null ? "" : " " + new String(Json.bytes(response.body()), StandardCharsets.UTF_8);
        return response.status() + body;
    }

    @Test
    void addsListsFindsAndDeletes() {
        Response added = ask("POST", "/api/budgets", "{\"name\":\" Food \",\"amountCents\":1250}");
        assertEquals(201, added.status());
        assertEquals("/api/budgets/1", added.headers().get("Location"));
        String food = "{\"id\":1,\"name\":\"Food\",\"amountCents\":1250,\"createdAt\":\"2026-01-01T00:00:00Z\"}";
        assertEquals("200 [" + food + "]", json("GET", "/api/budgets"));
        assertEquals("200 " + food, json("GET", "/api/budgets/1"));
        assertEquals("204", json("DELETE", "/api/budgets/1"));
        assertEquals("404 {\"error\":\"there is no budget 1\"}", json("DELETE", "/api/budgets/1"));
        assertEquals("200 []", json("GET", "/api/budgets"));
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, 404", "GET, /api, 404", "GET, /api/budgets/, 404", "GET, /api/budgets/1/x, 404", "POST, /nope, 404",
        "GET, /api/budgets/x, 404", "GET, /api/budgets/-1, 404", "DELETE, /api/budgets/99999999999999999999, 404",
        "PUT, /api/budgets, 405", "DELETE, /api/budgets, 405", "POST, /api/budgets/1, 405", "POST, /ping, 405",
        "HEAD, /ping, 200", "OPTIONS, /api/budgets, 204", "OPTIONS, /nope, 404",
    })
    void answersWithTheRightStatus(String method, String path, int status) {
        assertEquals(status, ask(method, path, "").status());
    }

    @Test
    void namesTheMethodsThatArePossible() {
        assertEquals("GET, POST, OPTIONS", ask("PUT", "/api/budgets", "").headers().get("Allow"));
    }

    @Test
    void livesWithoutADatabaseAndSaysSo() {
        budgets.up = false;
        assertEquals("200 {\"ping\":\"pong\"}", json("GET", "/ping"));
        assertEquals("200 {\"version\":\"1.2.3\"}", json("GET", "/version"));
        assertEquals("503", json("GET", "/health").substring(0, 3));
        assertEquals("503 {\"error\":\"the database does not answer\"}", json("GET", "/api/budgets"));
        budgets.up = true;
        assertEquals("200 {\"database\":\"up\"}", json("GET", "/health"));
    }

    @Test
    void checksABudgetBeforeTheDatabaseIsAsked() {
        budgets.up = false;
        assertEquals(400, ask("POST", "/api/budgets", "{\"name\":\"\",\"amountCents\":1}").status());
    }
}
