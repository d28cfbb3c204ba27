package agatha.sample;

/** An error response to a request: its status and the reason for the client. */
final class Refusal extends RuntimeException {
    final int status;

    Refusal(int status, String reason) {
        super(reason, null, false, false);
        this.status = status;
    }

    static Refusal badRequest(String reason) {
        return new Refusal(400, reason);
    }

    static Refusal notFound(String reason) {
        return new Refusal(404, reason);
    }
}
