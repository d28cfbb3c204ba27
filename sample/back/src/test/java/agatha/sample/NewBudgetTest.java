package agatha.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NewBudgetTest {
    private static NewBudget read(String json) {
        return NewBudget.from(Json.parse(json.getBytes(StandardCharsets.UTF_8)));
    }

    private static String refusal(String json) {
        Refusal refusal = assertThrows(Refusal.class, () -> read(json));
        assertEquals(400, refusal.status);
        return refusal.getMessage();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"amountCents\":1} | name: is missing",
        "{\"name\":null,\"amountCents\":1} | name: is missing",
        "{\"name\":7,\"amountCents\":1} | name: must be a text",
        "{\"name\":[\"a\"],\"amountCents\":1} | name: must be a text",
        "{\"name\":\"\",\"amountCents\":1} | name: must not be blank",
        "{\"name\":\" \\u00a0\\t\",\"amountCents\":1} | name: must not be blank",
        "{\"name\":\"a\\u0000b\",\"amountCents\":1} | name: must not contain control characters",
        "{\"name\":\"a\"} | amountCents: is missing",
        "{\"name\":\"a\",\"amountCents\":\"1\"} | amountCents: must be a whole number",
        "{\"name\":\"a\",\"amountCents\":1.5} | amountCents: must be a whole number",
        "{\"name\":\"a\",\"amountCents\":1e999999999} | amountCents: must be a whole number",
        "{\"name\":\"a\",\"amountCents\":true} | amountCents: must be a whole number",
        "{\"name\":\"a\",\"amountCents\":-1} | amountCents: must not be negative",
        "{\"name\":\"a\",\"amountCents\":100000000001} | amountCents: must be at most 100000000000",
        "{\"name\":\"a\",\"amountCents\":99999999999999999999} | amountCents: must be at most 100000000000",
        "[] | body: must be a JSON object with name and amountCents",
        "{name:\"a\"} | body: is not valid JSON",
        "{} {} | body: is not valid JSON",
        "{ | body: is not valid JSON",
    })
    void saysWhatIsWrong(String json, String reason) {
        assertEquals(reason, refusal(json));
    }

    @Test
    void refusesAnEmptyBody() {
        assertEquals("body: is empty, a JSON object was expected", refusal(""));
    }

    @Test
    void refusesWhatIsNoUtf8() {
        Refusal refusal = assertThrows(Refusal.class, () -> Json.parse(new byte[] {'"', (byte) 0xff, '"'}));
        assertEquals("body: is not UTF-8", refusal.getMessage());
    }

    @Test
    void countsCharactersAsPeopleDo() {
        assertEquals("😀".repeat(100), read("{\"name\":\"" + "😀".repeat(100) + "\",\"amountCents\":0}").name());
        assertEquals("name: must have at most 100 characters", refusal("{\"name\":\"" + "é".repeat(101) + "\",\"amountCents\":0}"));
    }

    @Test
    void takesTheLimitsThemselves() {
        assertEquals(new NewBudget("a", 0), read("{\"name\":\"\\u00a0a \",\"amountCents\":-0}"));
        assertEquals(NewBudget.LARGEST_AMOUNT, read("{\"name\":\"a\",\"amountCents\":100000000000}").amountCents());
    }
}
