package agatha.sample;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/** A budget as sent by a client, validated. The limits are those of migration V2. */
record NewBudget(String name, long amountCents) {
    static final int LONGEST_NAME = 100;
    static final long LARGEST_AMOUNT = 100_000_000_000L;

    static NewBudget from(JsonElement json) {
        if (!json.isJsonObject()) {
            throw Refusal.badRequest("body: must be a JSON object with name and amountCents");
        }
        JsonObject object = json.getAsJsonObject();
        return new NewBudget(name(object.get("name")), amount(object.get("amountCents")));
    }

    private static String name(JsonElement value) {
        if (isAbsent(value)) {
            throw Refusal.badRequest("name: is missing");
        }
        if (!(value instanceof JsonPrimitive primitive) || !primitive.isString()) {
            throw Refusal.badRequest("name: must be a text");
        }
        String name = trimmed(value.getAsString());
        if (name.isEmpty()) {
            throw Refusal.badRequest("name: must not be blank");
        }
        if (name.codePointCount(0, name.length()) > LONGEST_NAME) {
            throw Refusal.badRequest("name: must have at most " + LONGEST_NAME + " characters");
        }
        // PostgreSQL cannot store NUL, UTF-8 cannot carry half a surrogate pair.
        if (name.codePoints().anyMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE)) {
            throw Refusal.badRequest("name: must not contain control characters");
        }
        return name;
    }

    private static long amount(JsonElement value) {
        if (isAbsent(value)) {
            throw Refusal.badRequest("amountCents: is missing");
        }
        String text = value instanceof JsonPrimitive primitive && primitive.isNumber() ? primitive.getAsString() : "";
        if (!text.matches("-?[0-9]+")) {
            throw Refusal.badRequest("amountCents: must be a whole number");
        }
        if (text.startsWith("-") && !text.equals("-0")) {
            throw Refusal.badRequest("amountCents: must not be negative");
        }
        // JSON has no leading zeros, so the length alone shows that a number would overflow.
        long amount = text.length() > 18 ? Long.MAX_VALUE : Long.parseLong(text);
        if (amount > LARGEST_AMOUNT) {
            throw Refusal.badRequest("amountCents: must be at most " + LARGEST_AMOUNT);
        }
        return amount;
    }

    private static boolean isAbsent(JsonElement value) {
        return value == null || value.isJsonNull();
    }

    /** Without blanks at both ends; unlike strip() this removes no-break spaces too. */
    private static String trimmed(String text) {
        return text.replaceAll("^[\\s\\p{Z}]+|[\\s\\p{Z}]+$", "");
    }
}
