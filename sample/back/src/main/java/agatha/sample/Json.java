package agatha.sample;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** JSON in (strict) and out. */
final class Json {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Json() {}

    static byte[] bytes(Object value) {
        return GSON.toJson(value).getBytes(StandardCharsets.UTF_8);
    }

    static JsonElement parse(byte[] body) {
        if (body.length == 0) {
            throw Refusal.badRequest("body: is empty, a JSON object was expected");
        }
        try {
            // An explicit decoder refuses invalid UTF-8, where new String() would replace it.
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            JsonReader reader = new JsonReader(new StringReader(text));
            reader.setStrictness(Strictness.STRICT);
            JsonElement value = JsonParser.parseReader(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw Refusal.badRequest("body: has more after the JSON object");
            }
            return value;
        } catch (CharacterCodingException e) {
            throw Refusal.badRequest("body: is not UTF-8");
        } catch (IOException | JsonParseException e) {
            throw Refusal.badRequest("body: is not valid JSON");
        }
    }
}
