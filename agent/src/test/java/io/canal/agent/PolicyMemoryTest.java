package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyMemoryTest {

    @TempDir
    private Path folder;

    @Test
    void what_was_listed_and_changed_since_is_remembered() {
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1"), entry("b", "2"), entry("c", "\u00fc\n")));
            memory.trust();
            memory.changed(List.of(new Change.Put(entry("a", "3")), new Change.Deleted("b"), new Change.Put(entry("d", ""))));
        }
        assertEquals(Map.of("a", "3", "c", "\u00fc\n", "d", ""), new PolicyMemory(folder).recall());
    }

    @Test
    void a_listing_that_is_not_trusted_does_not_count() {
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1")));
            memory.trust();
            listed(memory, List.of(entry("a", "of another etcd")));
            assertEquals(Map.of("a", "1"), memory.recall());
            memory.changed(List.of(new Change.Put(entry("b", "2"))));
            memory.trust();
            assertEquals(Map.of("a", "of another etcd", "b", "2"), memory.recall());
        }
    }

    @Test
    void a_record_that_was_cut_off_is_passed_over() throws IOException {
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1"), entry("b", "long enough to be cut")));
            memory.trust();
        }
        Path file = folder.resolve("policy.last");
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            Map<String, String> expected = length < 10 ? Map.of() : Map.of("a", "1");
            assertEquals(expected, new PolicyMemory(folder).recall(), "cut at " + length);
        }
    }

    @Test
    void a_file_that_somebody_removed_is_written_again_and_goes_on() throws IOException {
        Path state = folder.resolve("canal");
        try (PolicyMemory memory = new PolicyMemory(state)) {
            listed(memory, List.of(entry("a", "1"), entry("b", "2")));
            memory.trust();
            memory.changed(List.of(new Change.Put(entry("a", "3"))));
            Files.delete(state.resolve("policy.last"));
            Files.delete(state);
            memory.changed(List.of(new Change.Put(entry("c", "4"))));
            memory.writeAgain();
            assertEquals(Map.of("a", "3", "b", "2", "c", "4"), memory.recall());
            memory.changed(List.of(new Change.Deleted("b")));
        }
        assertEquals(Map.of("a", "3", "c", "4"), new PolicyMemory(state).recall());
    }

    @Test
    void however_much_changes_the_file_stays_of_a_bounded_length() throws IOException {
        String text = "x".repeat(50_000);
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1"), entry("b", "2")));
            memory.trust();
            for (int i = 0; i < 1_000; i++) {
                memory.changed(List.of(new Change.Put(entry("a", text + i)), new Change.Put(entry("c", "")), new Change.Deleted("c")));
                assertTrue(Files.size(folder.resolve("policy.last")) < 18_000_000);
            }
        }
        assertEquals(Map.of("a", text + 999, "b", "2"), new PolicyMemory(folder).recall());
        assertEquals(List.of("policy.last"), names());
    }

    @Test
    void what_changes_as_the_agent_is_stopped_is_kept() {
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1")));
            memory.trust();
            Thread.currentThread().interrupt();
            memory.changed(List.of(new Change.Put(entry("a", "2"))));
            assertTrue(Thread.interrupted(), "who is stopped still knows it");
        }
        assertEquals(Map.of("a", "2"), new PolicyMemory(folder).recall());
    }

    @Test
    void what_changes_while_the_file_is_made_shorter_is_kept() throws IOException {
        meanwhile(memory -> memory.changed(List.of(new Change.Put(entry("b", "3")), new Change.Deleted("c"))), Map.of("b", "3"));
    }

    @Test
    void a_listing_that_comes_while_the_file_is_made_shorter_takes_its_place() throws IOException {
        meanwhile(memory -> {
            listed(memory, List.of(entry("b", "of the listing")));
            memory.trust();
        }, Map.of("b", "of the listing"));
    }

    /** What is remembered but for what was much, if that happens when the shorter file is put to the disk. */
    private void meanwhile(Consumer<PolicyMemory> happens, Map<String, String> expected) throws IOException {
        AtomicReference<PolicyMemory> memory = new AtomicReference<>();
        AtomicInteger times = new AtomicInteger();
        memory.set(new PolicyMemory(folder, Runnable::run, what -> {
            if (what.endsWith("policy.shrunk") && times.incrementAndGet() == 1) {
                happens.accept(memory.get());
            }
        }));
        try (PolicyMemory now = memory.get()) {
            listed(now, List.of(entry("a", "1"), entry("b", "2"), entry("c", "3")));
            now.trust();
            for (int i = 0; i < 9; i++) {
                now.changed(List.of(new Change.Put(entry("a", "x".repeat(2_000_000)))));
            }
            now.changed(List.of(new Change.Deleted("a")));
        }
        assertEquals(1, times.get());
        assertEquals(expected, new PolicyMemory(folder).recall());
        assertEquals(List.of("policy.last"), names());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void nothing_is_remembered_at_first() {
        assertEquals(Map.of(), new PolicyMemory(folder).recall());
    }

    @Test
    void a_listing_that_breaks_off_takes_nothing_away() {
        try (PolicyMemory memory = new PolicyMemory(folder)) {
            listed(memory, List.of(entry("a", "1")));
            memory.trust();
            memory.begin();
            memory.add(List.of(entry("b", "2")));
            memory.trust();
            assertEquals(Map.of("a", "1"), memory.recall());
            assertTrue(memory.stale());
        }
    }

    @Test
    void a_listing_is_on_the_disk_before_it_takes_the_place_of_the_last_one_and_its_name_after() {
        List<String> order = new ArrayList<>();
        try (PolicyMemory memory = new PolicyMemory(folder, Runnable::run, what -> order.add(what.getFileName() + ": draft " + Files.size(what)
                + ", last one " + (Files.exists(folder.resolve("policy.last")) ? "there" : "absent")))) {
            listed(memory, List.of(entry("a", "1")));
            assertEquals(List.of(), order, "nothing waits for the disk before the listing is trusted");
            memory.trust();
        }
        assertEquals(2, order.size(), order.toString());
        assertEquals("policy.draft: draft 10, last one absent", order.get(0));
        assertTrue(order.get(1).startsWith(folder.getFileName() + ": ") && order.get(1).endsWith("last one there"), order.get(1));
    }

    @Test
    void a_listing_that_the_disk_does_not_take_leaves_the_last_one() {
        AtomicBoolean full = new AtomicBoolean();
        try (PolicyMemory memory = new PolicyMemory(folder, Runnable::run, what -> {
            if (full.get()) {
                throw new IOException("No space left on device");
            }
        })) {
            listed(memory, List.of(entry("a", "1")));
            memory.trust();
            full.set(true);
            listed(memory, List.of(entry("a", "2")));
            memory.trust();
            assertEquals(Map.of("a", "1"), memory.recall());
            assertTrue(memory.stale(), "the next listing is written whole");
            assertTrue(memory.hasLost(), "and is not waited for until the watch breaks");
            full.set(false);
            listed(memory, List.of(entry("a", "3")));
            memory.trust();
            assertFalse(memory.hasLost());
            assertEquals(Map.of("a", "3"), memory.recall());
        }
    }

    private static void listed(PolicyMemory memory, List<Entry> entries) {
        memory.begin();
        memory.add(entries);
        memory.complete();
    }

    private static Entry entry(String key, String value) {
        return new Entry(key, value, 1, 1, 0);
    }
}
