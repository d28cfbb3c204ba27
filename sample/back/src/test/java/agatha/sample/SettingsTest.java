package agatha.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    @TempDir
    Path folder;

    private Settings read(String file, Map<String, String> environment) throws IOException {
        Files.writeString(folder.resolve(Settings.FILE), file);
        return Settings.read(folder, environment);
    }

    private String fault(String file) {
        return assertThrows(Settings.Wrong.class, () -> read(file, Map.of())).getMessage();
    }

    @Test
    void takesDefaultsWhenTheFileIsEmpty() throws IOException {
        assertEquals(new Settings(8000, "jdbc:postgresql://localhost:5432/agatha", "agatha", ""), read("", Map.of()));
    }

    @Test
    void readsTheFile() throws IOException {
        String file = "serverPort=9000\ndatabaseUrl = jdbc:postgresql://db:1/x\ndatabaseUser=u\ndatabasePassword=p=\\\\ä\norg.gradle.jvmargs=-Xmx1g\n";
        assertEquals(new Settings(9000, "jdbc:postgresql://db:1/x", "u", "p=\\ä"), read(file, Map.of()));
    }

    @Test
    void letsTheEnvironmentWin() throws IOException {
        Settings settings = read("serverPort=9000\ndatabaseUser=u\n", Map.of("serverPort", "9001", "databasePassword", " p "));
        assertEquals(9001, settings.serverPort());
        assertEquals("u", settings.databaseUser());
        assertEquals(" p ", settings.databasePassword());
    }

    @Test
    void namesTheFolderWhenThereIsNoFile() {
        String message = assertThrows(Settings.Wrong.class, () -> Settings.read(folder, Map.of())).getMessage();
        assertTrue(message.contains(folder.toString()), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "-1", "http", "8000.5", "99999999999"})
    void refusesWhatIsNoPort(String port) {
        assertTrue(fault("serverPort=" + port).startsWith("serverPort: \"" + port + "\""));
    }

    @Test
    void refusesAnotherDatabaseWithoutShowingItsPassword() {
        String message = fault("databaseUrl=mysql://me:secret@host/x?password=secret");
        assertEquals("databaseUrl: \"mysql://host/x\" is no PostgreSQL address. Write it as jdbc:postgresql://host:5432/name.", message);
    }

    @Test
    void doesNotQuoteAFileThatIsBroken() {
        assertFalse(fault("databasePassword=secret\\u12").contains("secret"));
    }

    @Test
    void keepsThePasswordOutOfItsText() throws IOException {
        Settings settings = read("databasePassword=secret\ndatabaseUrl=jdbc:postgresql://h/x?password=secret\n", Map.of());
        assertFalse(settings.toString().contains("secret"));
        assertEquals("jdbc:postgresql://h/x", settings.databaseUrlToShow());
    }
}
