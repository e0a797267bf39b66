package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.cli.Console.Said;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What README tells a newcomer to type can be typed, also after what canal up has told. */
final class ReadmeTest {

    private static final Pattern FILE = Pattern.compile("canal apply -f (\\S+)");
    private static final Pattern POD = Pattern.compile("lab pod add (\\S+)");
    private static final Pattern USED = Pattern.compile("lab pod exec (\\S+)");

    private final String page = Files.readString(Path.of("../README.md"));
    private final String story = page.substring(page.indexOf("\nThen:\n"), page.indexOf("\n## Deploy it"));

    ReadmeTest() throws IOException {}

    private static Set<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void the_policy_of_the_story_is_there_and_is_the_recipe() throws IOException {
        Set<String> files = all(FILE, story);
        assertEquals(Set.of("docs/examples/web-to-db.yaml"), files);
        for (String file : files) {
            Path path = Path.of("..").resolve(file);
            Said said = Console.run("validate", "-f", path.toString());
            assertEquals(0, said.code(), said.stderr());
            String documents = Files.readAllLines(path).stream().filter(line -> !line.startsWith("#")).collect(Collectors.joining("\n"));
            assertTrue(Files.readString(Path.of("../docs/policy.md")).contains("```yaml\n" + documents + "\n```"), file);
        }
    }

    @Test
    void the_story_uses_pods_that_it_has_made() {
        Set<String> made = all(POD, story);
        assertFalse(made.isEmpty());
        assertTrue(made.containsAll(all(USED, story)), story);
        List<MatchResult> ports = Pattern.compile("--host-port").matcher(story).results().toList();
        assertTrue(ports.size() < 2, "a port of a host leads to one pod");
    }

    @Test
    void what_up_tells_to_try_makes_no_pod_of_the_story() {
        String hints = String.join("\n", Up.hints("./canal"));
        Set<String> both = all(POD, hints);
        assertFalse(both.isEmpty());
        both.retainAll(all(POD, story));
        assertEquals(Set.of(), both);
    }
}
