package io.canal.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import io.canal.model.cni.CniResult;
import io.canal.model.cni.CniVersion;
import io.canal.model.cni.Dns;
import io.canal.reconcile.testing.Chance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our store and the real host-local on one folder. */
@Tag("long")
final class HostLocalIT {

    private static final int ENOUGH = 60;
    private static final int KILLS = 5;
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);

    @TempDir
    Path folder;

    private record Span(String owner, long from, long to) {}

    @Test
    void the_real_plugin_sees_and_releases_our_addresses() throws Exception {
        var ipam = new HostLocal(folder);
        var owner = new Owner("ours", "eth0");
        Ip address = ipam.allocate("net", owner, sets(), List.of()).getFirst();
        Result second = hostLocal("ADD", "ours");
        assertEquals(1, second.exit);
        assertTrue(second.out.contains(address + " has been allocated to ours, duplicate allocation is not allowed"), second.out);
        assertEquals(0, hostLocal("DEL", "ours").exit);
        assertEquals(List.of(), ipam.find("net", owner));
    }

    @Test
    void we_see_and_release_the_real_plugins_addresses() throws Exception {
        var ipam = new HostLocal(folder);
        Result added = hostLocal("ADD", "theirs");
        assertEquals(0, added.exit, added.out);
        Ip address = address(added);
        assertEquals(List.of(address), ipam.find("net", new Owner("theirs", "eth0")));
        assertEquals(address.plus(1), ipam.allocate("net", new Owner("ours", "eth0"), sets(), List.of()).getFirst());
        assertEquals(List.of(address), ipam.release("net", new Owner("theirs", "eth0")));
        assertEquals(address.plus(2), address(hostLocal("ADD", "others")));
    }

    @Test
    void a_resolv_conf_means_what_it_means_to_the_real_plugin() throws Exception {
        Path file = Files.writeString(folder.resolve("resolv.conf"), """
                #nameserver 9.9.9.9
                ; nameserver 9.9.9.8
                nameserver 10.152.183.10 # and a word behind
                \tnameserver   fd00::10
                nameserver
                domain one.example two.example
                domain last.example
                search a.example b.example
                search c.example
                options ndots:5
                options rotate timeout:1
                sortlist 10.0.0.0
                """);
        for (CniVersion version : List.of(CniVersion.V0_2_0, CniVersion.V0_3_1, CniVersion.V1_0_0)) {
            Result theirs = hostLocal("ADD", "dns" + version, -1, version.toString(), ",\"resolvConf\":\"" + file + "\"");
            assertEquals(0, theirs.exit, theirs.out);
            var ours = new CniResult("cali1", "eth0", Mac.parse("06:6c:24:c2:df:5d").orElseThrow(), "/ns", 0, List.of(address(theirs, version)), List.of(),
                    Dns.ofResolvConf(Files.readString(file)));
            var json = new ObjectMapper();
            assertEquals(json.readTree(theirs.out).path("dns"), json.readTree(ours.print(version)).path("dns"), version.toString());
        }
    }

    @Test
    void sixteen_processes_of_both_kinds_killed_at_random_give_no_address_twice() throws Exception {
        long seed = Chance.seed();
        Random random = new Random(seed);
        ConcurrentLinkedQueue<String> theirNotes = new ConcurrentLinkedQueue<>();
        long start = System.nanoTime();
        var end = new AtomicBoolean();
        List<Thread> theirs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int number = i;
            theirs.add(Thread.ofPlatform().start(() -> runTheirs("h" + number, new Random(seed + number), end, theirNotes)));
        }
        List<Process> ours = new ArrayList<>();
        int killed = 0;
        try {
            for (int i = 0; i < 8; i++) {
                ours.add(startOurs("j" + i));
            }
            while ((killed < KILLS || count(theirNotes) < ENOUGH || count(ourNotes()) < ENOUGH) && System.nanoTime() - start < LONGEST_NANOS) {
                Thread.sleep(600 + random.nextInt(600));
                int victim = random.nextInt(ours.size());
                ours.get(victim).destroyForcibly().waitFor();
                ours.set(victim, startOurs("j" + victim + "k" + ++killed));
            }
        } finally {
            end.set(true);
            for (Thread thread : theirs) {
                thread.join();
            }
            ours.forEach(Process::destroyForcibly);
        }
        for (Process process : ours) {
            process.waitFor();
        }
        List<String> notes = new ArrayList<>(theirNotes);
        long theirCount = count(notes);
        notes.addAll(ourNotes());
        long ourCount = count(notes) - theirCount;
        assertTrue(ourCount >= ENOUGH && theirCount >= ENOUGH, "too few to mean anything: " + ourCount + " by us, " + theirCount + " by host-local");
        assertNoAddressGivenTwice(notes, seed);
    }

    private void assertNoAddressGivenTwice(List<String> notes, long seed) {
        Map<String, Long> released = new HashMap<>();
        for (String note : notes) {
            String[] words = note.split(" ");
            if (words[0].equals("released")) {
                released.put(words[1], Long.parseLong(words[2]));
            }
        }
        Map<String, List<Span>> spans = new HashMap<>();
        for (String note : notes) {
            String[] words = note.split(" ");
            if (words[0].equals("got")) {
                spans.computeIfAbsent(words[3], any -> new ArrayList<>())
                        .add(new Span(words[1], Long.parseLong(words[2]), released.getOrDefault(words[1], Long.MAX_VALUE)));
            }
        }
        spans.forEach((address, list) -> {
            list.sort((a, b) -> Long.compare(a.from, b.from));
            for (int i = 1; i < list.size(); i++) {
                Span before = list.get(i - 1);
                Span after = list.get(i);
                assertTrue(before.to <= after.from, () -> "-Dcanal.seed=" + seed + ": " + address + " was given to " + before + " and to " + after);
            }
        });
    }

    private List<String> ourNotes() throws IOException {
        List<String> notes = new ArrayList<>();
        try (var files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.getFileName().toString().endsWith(".notes")).toList()) {
                notes.addAll(Files.readAllLines(file));
            }
        }
        return notes;
    }

    private static long count(Collection<String> notes) {
        return notes.stream().filter(note -> note.startsWith("got ")).count();
    }

    /** Calls the real plugin over and over; one call in ten is killed after a moment. */
    private void runTheirs(String name, Random random, AtomicBoolean end, ConcurrentLinkedQueue<String> notes) {
        try {
            String held = null;
            for (int i = 0; !end.get(); i++) {
                boolean kill = random.nextInt(10) == 0;
                if (held != null) {
                    notes.add("released " + held + " " + System.nanoTime());
                    hostLocal("DEL", held, kill ? random.nextInt(4) : -1);
                    held = null;
                } else {
                    String id = name + "x" + i;
                    Result added = hostLocal("ADD", id, kill ? random.nextInt(4) : -1);
                    if (added.exit == 0) {
                        notes.add("got " + id + " " + System.nanoTime() + " " + address(added));
                        held = id;
                    }
                }
            }
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    private Process startOurs(String name) throws Exception {
        return new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC", "-Xmx32m", "-cp", System.getProperty("java.class.path"), HostLocalWorker.class.getName(),
                folder.toString(), name, folder.resolve(name + ".notes").toString()).inheritIO().start();
    }

    private record Result(int exit, String out) {}

    private Result hostLocal(String command, String id) throws Exception {
        return hostLocal(command, id, -1);
    }

    /** @param killAfter milliseconds; negative for never */
    private Result hostLocal(String command, String id, int killAfter) throws Exception {
        return hostLocal(command, id, killAfter, "1.0.0", "");
    }

    private Result hostLocal(String command, String id, int killAfter, String version, String more) throws Exception {
        Path plugin = Path.of("/usr/lib/cni/host-local");
        assertTrue(Files.isExecutable(plugin), plugin + " is missing; it is in Debian's package containernetworking-plugins");
        var builder = new ProcessBuilder(plugin.toString());
        builder.environment().putAll(Map.of("CNI_COMMAND", command, "CNI_CONTAINERID", id, "CNI_NETNS", "/proc/self/ns/nosuch", "CNI_IFNAME", "eth0", "CNI_PATH", "/usr/lib/cni"));
        Process process = builder.start();
        try (var to = process.getOutputStream()) {
            to.write(("{\"cniVersion\":\"" + version + "\",\"name\":\"net\",\"ipam\":{\"type\":\"host-local\",\"subnet\":\"10.1.49.0/25\",\"dataDir\":\"" + folder + "\""
                    + more + "}}")
                    .getBytes(StandardCharsets.UTF_8));
        } catch (IOException killed) {
            // It was killed before it read.
        }
        if (killAfter >= 0 && !process.waitFor(killAfter, TimeUnit.MILLISECONDS)) {
            process.toHandle().destroyForcibly();
        }
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), out);
    }

    private static Ip address(Result added) throws Exception {
        return address(added, CniVersion.V1_0_0);
    }

    private static Ip address(Result added, CniVersion version) throws Exception {
        var json = new ObjectMapper().readTree(added.out);
        return IpPrefix.of((version.atLeast(CniVersion.V0_3_0) ? json.path("ips").path(0).path("address") : json.path("ip4").path("ip")).asText()).address();
    }

    private static List<RangeSet> sets() {
        return List.of(RangeSet.of(List.of(AddressRange.of(Cidr.of("10.1.49.0/25"), Optional.empty(), Optional.empty(),
                Optional.empty()).orThrow())).orThrow());
    }
}
