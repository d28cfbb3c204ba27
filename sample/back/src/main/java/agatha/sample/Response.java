package agatha.sample;

import java.util.Map;

/** An answer before it is written: the body becomes JSON, null means none. */
record Response(int status, Object body, Map<String, String> headers) {
    static Response of(int status, Object body) {
        return new Response(status, body, Map.of());
    }

    static Response error(int status, String reason) {
        return of(status, Map.of("error", reason));
    }
}
