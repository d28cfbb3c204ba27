package agatha.sample;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Budgets in PostgreSQL, through a pool that starts without the database and reconnects after an outage. */
final class Database implements Budgets, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);
    private static final String COLUMNS = "id, name, amount_cents, created_at";
    private static final String NO_TABLE = "42P01";

    private final HikariDataSource pool;
    private final String address;
    /** The state of the database that was last logged, so that only changes are. */
    private final AtomicReference<String> lastFault = new AtomicReference<>("not asked yet");

    Database(Settings settings) {
        // Test each connection before use: right after a restart of the database, the pool holds dead ones.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "0");
        HikariConfig config = new HikariConfig();
        config.setPoolName("agatha");
        config.setJdbcUrl(settings.databaseUrl());
        config.setUsername(settings.databaseUser());
        config.setPassword(settings.databasePassword());
        config.setMaximumPoolSize(8);
        config.setMinimumIdle(1);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(2_000);
        config.setValidationTimeout(1_000);
        config.setKeepaliveTime(60_000);
        config.addDataSourceProperty("ApplicationName", "agatha-back");
        config.addDataSourceProperty("connectTimeout", "2");
        config.addDataSourceProperty("loginTimeout", "4");
        config.addDataSourceProperty("socketTimeout", "10");
        config.addDataSourceProperty("tcpKeepAlive", "true");
        address = settings.databaseUrlToShow();
        pool = new HikariDataSource(config);
    }

    private interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private <T> T with(Work<T> work) {
        try (Connection connection = pool.getConnection()) {
            T result = work.on(connection);
            noteUp();
            return result;
        } catch (SQLException e) {
            if (NO_TABLE.equals(e.getSQLState())) {
                LOG.error("The database has not been migrated: {}", reason(e));
                throw new Refusal(503, "the database has not been migrated yet");
            }
            if (isOutage(e)) {
                noteDown(e);
                throw new Refusal(503, "the database does not answer");
            }
            throw new IllegalStateException("database: " + reason(e), e);
        }
    }

    /** Classes of SQLSTATE: 08 connection, 28 login refused, 3D no such database, 53 full, 57 shutting down; null: the pool's time limit. */
    private static boolean isOutage(SQLException e) {
        String state = e.getSQLState();
        return state == null || state.matches("(08|28|3D|53|57).*") || e instanceof java.sql.SQLTransientConnectionException;
    }

    private static String reason(SQLException e) {
        // The pool's message says only that it waited; the cause says why.
        Throwable cause = e.getCause() instanceof SQLException inner ? inner : e;
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }

    private void noteUp() {
        if (lastFault.getAndSet(null) != null) {
            LOG.info("Database {} answers", address);
        }
    }

    private void noteDown(SQLException e) {
        String reason = reason(e);
        if (!reason.equals(lastFault.getAndSet(reason))) {
            LOG.warn("Database {} does not answer: {}", address, reason);
        }
    }

    @Override
    public boolean answers() {
        try {
            return with(connection -> {
                try (PreparedStatement query = connection.prepareStatement("SELECT 1")) {
                    query.setQueryTimeout(2);
                    return query.executeQuery().next();
                }
            });
        } catch (Refusal alreadyNoted) {
            return false;
        } catch (IllegalStateException e) {
            LOG.warn("Database {}: asking it failed", address, e);
            return false;
        }
    }

    @Override
    public List<Budget> all() {
        return with(connection -> {
            try (PreparedStatement query =
                    connection.prepareStatement("SELECT " + COLUMNS + " FROM budget ORDER BY created_at DESC, id DESC")) {
                List<Budget> found = new ArrayList<>();
                ResultSet rows = query.executeQuery();
                while (rows.next()) {
                    found.add(budget(rows));
                }
                return found;
            }
        });
    }

    @Override
    public Optional<Budget> find(long id) {
        return with(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT " + COLUMNS + " FROM budget WHERE id = ?")) {
                query.setLong(1, id);
                ResultSet rows = query.executeQuery();
                return rows.next() ? Optional.of(budget(rows)) : Optional.empty();
            }
        });
    }

    @Override
    public Budget add(NewBudget budget) {
        return with(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO budget (name, amount_cents) VALUES (?, ?) RETURNING " + COLUMNS)) {
                insert.setString(1, budget.name());
                insert.setLong(2, budget.amountCents());
                ResultSet rows = insert.executeQuery();
                rows.next();
                return budget(rows);
            }
        });
    }

    @Override
    public boolean delete(long id) {
        return with(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("DELETE FROM budget WHERE id = ?")) {
                delete.setLong(1, id);
                return delete.executeUpdate() > 0;
            }
        });
    }

    private static Budget budget(ResultSet row) throws SQLException {
        OffsetDateTime createdAt = row.getObject("created_at", OffsetDateTime.class);
        return new Budget(
                row.getLong("id"),
                row.getString("name"),
                row.getLong("amount_cents"),
                createdAt.withOffsetSameInstant(ZoneOffset.UTC).toInstant().toString());
    }

    @Override
    public void close() {
        pool.close();
    }
}
