package agatha.sample;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/** The back end's settings: gradle.properties, overridden by environment variables of the same names. */
record Settings(int serverPort, String databaseUrl, String databaseUser, String databasePassword) {
    static final String FILE = "gradle.properties";

    /** Thrown with a message for the operator; never holds a secret. */
    static final class Wrong extends RuntimeException {
        Wrong(String message) {
            super(message);
        }
    }

    static Settings read(Path folder, Map<String, String> environment) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            throw new Wrong(FILE + ": there is none in the working directory " + folder.toAbsolutePath().normalize()
                    + ". Put one there (it may be empty).");
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            // The parser's message may quote a line of the file, so only the kind of error is reported.
            throw new Wrong(FILE + ": " + file.toAbsolutePath().normalize() + " cannot be read ("
                    + e.getClass().getSimpleName() + "). Make it a readable UTF-8 properties file.");
        }
        return new Settings(
                port(value("serverPort", "8000", properties, environment)),
                url(value("databaseUrl", "jdbc:postgresql://localhost:5432/agatha", properties, environment)),
                value("databaseUser", "agatha", properties, environment),
                secret("databasePassword", properties, environment));
    }

    private static String value(String key, String otherwise, Properties properties, Map<String, String> environment) {
        String found = environment.getOrDefault(key, properties.getProperty(key, "")).strip();
        return found.isEmpty() ? otherwise : found;
    }

    private static String secret(String key, Properties properties, Map<String, String> environment) {
        return environment.getOrDefault(key, properties.getProperty(key, ""));
    }

    private static int port(String text) {
        if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) >= 1 && Integer.parseInt(text) <= 65535) {
            return Integer.parseInt(text);
        }
        throw new Wrong("serverPort: \"" + text + "\" is no port. Give a whole number from 1 to 65535.");
    }

    private static String url(String text) {
        if (text.startsWith("jdbc:postgresql:")) {
            return text;
        }
        throw new Wrong("databaseUrl: \"" + withoutSecrets(text)
                + "\" is no PostgreSQL address. Write it as jdbc:postgresql://host:5432/name.");
    }

    /** The database's address as it may be logged: without query (which may hold a password) and without user:password@. */
    String databaseUrlToShow() {
        return withoutSecrets(databaseUrl);
    }

    private static String withoutSecrets(String url) {
        int query = url.indexOf('?');
        String address = query < 0 ? url : url.substring(0, query);
        int slashes = address.indexOf("//");
        int at = address.lastIndexOf('@');
        return slashes >= 0 && at > slashes ? address.substring(0, slashes + 2) + address.substring(at + 1) : address;
    }

    /** Without the password, in case somebody logs it. */
    @Override
    public String toString() {
        return "Settings[serverPort=" + serverPort + ", databaseUrl=" + databaseUrlToShow() + "]";
    }
}
