package agatha.sample;

/** A request that is answered with an error: its status and the reason as the client reads it. */
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
