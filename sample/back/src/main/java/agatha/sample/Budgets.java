package agatha.sample;

import java.util.List;
import java.util.Optional;

/** Where budgets are kept. Every call may throw {@link Refusal} with 503 when the database does not answer. */
interface Budgets {
    /** Newest first. */
    List<Budget> all();

    Optional<Budget> find(long id);

    Budget add(NewBudget budget);

    /** False when there was none. */
    boolean delete(long id);

    /** Whether the database answers right now. */
    boolean answers();
}
