package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** firewalld's reload, which with its iptables back end takes all rules of all programs away. */
class FirewalldIT {

    private static final Duration AT_ONCE = Duration.ofSeconds(1);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"nftables, NFTABLES", "iptables, IPTABLES"})
    void after_its_reload_our_rules_are_whole_within_a_second_and_pods_talk(String its, FilterMode ours) throws Exception {
        try (FilterHost host = new FilterHost(folder.resolve("root"), ours)) {
            host.start();
            host.know("cali-a");
            host.know("cali-b");
            host.peer(FilterHost.NEIGHBOUR);
            String whole = rules(host, ours);
            assertTrue(whole.contains("FLANNEL-POSTRTG"), whole);
            try (Firewalld firewalld = new Firewalld(host.node, Files.createDirectory(folder.resolve("firewalld")), its, "10.1.0.0/16")) {
                awaitWhole(host, ours, whole);
                firewalld.reload();
                awaitWhole(host, ours, whole);
                assertEquals(Optional.of(FilterHost.POD_A), host.connection(host.podA, host.podB, FilterHost.POD_B, true));
                assertEquals(Optional.of(FilterHost.POD_A), host.connection(host.podA, host.neighbour, FilterHost.REMOTE_POD, true));
                assertEquals(Optional.of(FilterHost.NODE), host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true));
            }
        }
    }

    private static void awaitWhole(FilterHost host, FilterMode ours, String whole) throws InterruptedException {
        long start = System.nanoTime();
        while (!rules(host, ours).equals(whole)) {
            assertTrue(System.nanoTime() - start < AT_ONCE.toNanos(), () -> "not whole within " + AT_ONCE + ":\n" + rules(host, ours));
            Thread.sleep(20);
        }
    }

    /** What is ours. */
    private static String rules(FilterHost host, FilterMode ours) {
        String all = ours == FilterMode.NFTABLES ? host.run("nft", "list", "table", "inet", "canal")
                : host.run("iptables-save").lines().filter(line -> line.contains("FLANNEL-") || line.contains("cali-")).collect(Collectors.joining("\n"));
        return all.replaceAll("packets \\d+ bytes \\d+", "").replaceAll("\\[\\d+:\\d+\\]", "");
    }
}
