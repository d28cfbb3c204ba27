package agatha.sample;

import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sample's back end: reads its settings, listens at once, and shuts down cleanly on SIGTERM (exit code 143). */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    private Main() {}

    public static void main(String[] args) {
        try {
            run(Settings.read(Path.of(""), System.getenv()));
        } catch (Settings.Wrong e) {
            die(e.getMessage());
        }
    }

    private static void run(Settings settings) {
        String version = Main.class.getPackage().getImplementationVersion();
        Database database = new Database(settings);
        Server server;
        try {
            server = new Server(settings.serverPort(), new Router(database, version == null ? "development" : version));
        } catch (IOException e) {
            database.close();
            die("serverPort: " + settings.serverPort() + " cannot be listened on (" + e.getMessage()
                    + "). Stop what uses it, or set serverPort to another one.");
            return;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, database), "stop"));
        server.start();
        LOG.info("agatha-back {} listens on port {}, database {}", version, settings.serverPort(), settings.databaseUrlToShow());
        // Asked once now, so that the log soon shows whether the database answers.
        database.answers();
    }

    private static void stop(Server server, Database database) {
        LOG.info("Stopping");
        server.stop();
        database.close();
        LOG.info("Stopped");
    }

    private static void die(String reason) {
        System.err.println("agatha-back: " + reason);
        System.exit(1);
    }
}
