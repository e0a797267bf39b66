package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.Pause;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.Pods;
import io.canal.lab.proof.PodSocket;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runtimes that others wrote call canal through its conflist. */
@Tag("lab")
@Order(15)
@ExtendWith(StoryLab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RuntimesLabIT {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** The rules of portmap are looked after every 10 s, and put back when they are gone for a second more. */
    private static final Duration PUT_BACK = Duration.ofSeconds(15);
    private static final Duration GONE = Duration.ofSeconds(30);
    /** The plugins that make interfaces and rules are canal's, portmap and bandwidth. */
    private static final String TRACES = """
            ip -o link show | grep -oE '(cali|bwp)[^:@]*' | sort || :
            ip route show | grep -E ' dev cali' || :
            find /var/lib/cni/results /var/lib/cni/networks /var/lib/canal/endpoints -type f ! -name lock ! -name 'last_reserved_ip.*' 2>/dev/null | sort
            iptables-save -t nat | grep -E '^(:|-A) ?CNI-DN-' || :
            nft list table inet canal | grep -oE 'cali[0-9a-f]{11}' | sort -u || :
            """;

    private final Map<Host, Runtimes> runtimes = new ConcurrentHashMap<>();
    private Host h1;
    private Host h2;

    /** Something that talks: who, where, and its namespace as seen from here. */
    private record Talker(String name, Host host, String address, Path netns) {

        static Talker of(Pod pod, Pods pods, Host host) {
            return new Talker("lab pod on " + host, host, pod.address(), pods.netns(pod));
        }

        static Talker of(Cri.Sandbox sandbox, Host host) {
            return new Talker("containerd's on " + host, host, sandbox.address(), host.path(sandbox.netns()));
        }
    }

    @BeforeAll
    void start_the_runtimes() {
        h1 = StoryLab.host(1);
        h2 = StoryLab.host(2);
        Lab.inParallel(List.of(h1, h2), host -> runtimes.put(host, Runtimes.start(host)));
    }

    @AfterAll
    void stop_the_runtimes() {
        runtimes.values().forEach(Runtimes::close);
    }

    @Test
    void containers_of_podman_and_containerd_talk_with_each_other_and_with_pods_and_leave_nothing() throws Exception {
        String before = traces();
        List<String> endpoints = endpoints();
        Runtimes one = runtimes.get(h1);
        Runtimes other = runtimes.get(h2);
        Pods pods = StoryLab.pods();
        try (Cri cri1 = one.cri(); Cri cri2 = other.cri()) {
            Pod pod1 = StoryLab.pod("beside-1", h1);
            Pod pod2 = StoryLab.pod("beside-2", h2);
            Cri.Sandbox limited = cri1.run("default", "limited", Map.of("kubernetes.io/ingress-bandwidth", "80M", "kubernetes.io/egress-bandwidth", "80M"), Map.of());
            Cri.Sandbox published = cri2.run("default", "published", Map.of(), Map.of(31080, 8080));
            one.podman("web", "-p", "31090:8080");
            other.podman("client", "--mac-address", "0a:58:0a:01:00:63");
            List<Talker> all = List.of(Talker.of(pod1, pods, h1), Talker.of(pod2, pods, h2), Talker.of(limited, h1), Talker.of(published, h2),
                    podman("web", h1), podman("client", h2));
            try {
                everybodyReachesEverybody(all);
                assertTrue(isReached(h2, 31080, all.get(3)), "containerd's port");
                assertTrue(isReached(h1, 31090, all.get(4)), "podman's port");
                h2.program("iptables", "-t", "nat", "-F").must();
                assertTrue(Pause.until(PUT_BACK, () -> isReached(h2, 31080, all.get(3))),
                        () -> "containerd's port is not back after a flush:\n" + h2.program("iptables-save", "-t", "nat").must());
                String shaped = h1.program("tc", "qdisc", "show").must();
                assertTrue(shaped.contains("tbf") && shaped.contains("dev bwp"), shaped);
                String client = h2.program("nsenter", "--net=" + other.podmanNetns("client"), "ip", "link", "show", "eth0").must();
                assertTrue(client.contains("0a:58:0a:01:00:63"), client);
                assertTrue(Pause.until(GONE, () -> endpoints().size() == endpoints.size() + 6), () -> endpoints().toString());
            } finally {
                cri1.remove(limited);
                cri2.remove(published);
                one.removePodman("web");
                other.removePodman("client");
                pods.remove(pod1);
                pods.remove(pod2);
            }
        }
        assertTrue(Pause.until(GONE, () -> traces().equals(before)), () -> "before:\n" + before + "\nafter:\n" + traces());
        assertTrue(Pause.until(GONE, () -> endpoints().equals(endpoints)), () -> endpoints().toString());
    }

    private Talker podman(String name, Host host) {
        Runtimes runtime = runtimes.get(host);
        return new Talker("podman's on " + host, host, runtime.podmanAddress(name), host.path(runtime.podmanNetns(name)));
    }

    private static void everybodyReachesEverybody(List<Talker> all) throws IOException {
        List<String> silent = new ArrayList<>();
        for (Talker to : all) {
            try (var server = PodSocket.listen(to.netns(), to.address())) {
                for (Talker from : all) {
                    if (from != to && !talks(from, to, server.getLocalPort())) {
                        silent.add("TCP from " + from.name() + " to " + to.name());
                    }
                    if (from != to && !pings(from, to)) {
                        silent.add("ping from " + from.name() + " to " + to.name());
                    }
                }
            }
        }
        assertEquals(List.of(), silent);
    }

    private static boolean talks(Talker from, Talker to, int port) {
        try (Socket client = PodSocket.connect(from.netns(), to.address(), port, PATIENCE)) {
            return client.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    private static boolean pings(Talker from, Talker to) {
        return from.host().program("nsenter", "--net=" + from.netns().toString().replaceFirst("/proc/\\d+/root", ""), "ping", "-c", "1", "-W", "2", to.address()).run().succeeded();
    }

    /** Whether somebody from outside of the hosts gets to port 8080 of the server through a port of its host. */
    private static boolean isReached(Host host, int port, Talker server) {
        try (var listening = PodSocket.listen(server.netns(), server.address(), 8080);
                Socket client = PodSocket.connect(StoryLab.outside(), host.address(), port, PATIENCE)) {
            listening.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
            try (Socket served = listening.accept()) {
                client.getOutputStream().write('x');
                return served.getInputStream().read() == 'x';
            }
        } catch (IOException refused) {
            return false;
        }
    }

    private String traces() {
        return List.of(h1, h2).stream().map(host -> host + ":\n" + host.program("sh", "-c", TRACES).must()).collect(Collectors.joining());
    }

    private static List<String> endpoints() {
        return StoryLab.etcd().keys("/calico/resources/v3/projectcalico.org/workloadendpoints/");
    }
}
