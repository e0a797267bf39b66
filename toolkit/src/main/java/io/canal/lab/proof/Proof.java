package io.canal.lab.proof;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabException;
import io.canal.lab.Program;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Namespaces;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One pod a host, and every ordered pair of them tried: an echo request of the largest size that the pod may send, which may not be
 * cut into pieces, and a TCP connection that carries a quarter of a megabyte there and back.
 */
public final class Proof {

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    /** Of an IP header and an ICMP header. */
    private static final int PING_HEADERS = 28;
    private static final int PING_HEADERS_V6 = 48;
    private static final int TCP_BYTES = 256 * 1024;
    private static final Pattern MTU = Pattern.compile("(?m)^FLANNEL_MTU=([0-9]{1,5})$");
    private static final Pattern ROUND_TRIP = Pattern.compile("time=([0-9.]+) ms");

    private final Pods pods;
    private final List<Host> hosts;

    public Proof(Pods pods, List<Host> hosts) {
        this.pods = pods;
        this.hosts = List.copyOf(hosts);
    }

    /**
     * What came of one ordered pair.
     *
     * @param address the other end's, of one family
     * @param millis round trip of the full-size echo
     * @param failure what went wrong; empty where nothing did
     */
    public record Pair(Pod from, Pod to, String address, double millis, Optional<String> failure) {}

    /** Makes the pods where they are missing, and tries all pairs. */
    public ProofTable run() {
        List<Pod> ends = ends();
        List<Pair> pairs = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Pair>> running = new ArrayList<>();
            for (Pod from : ends) {
                for (Pod to : ends) {
                    if (!from.equals(to)) {
                        common(from, to).forEach(address -> running.add(threads.submit(() -> tried(from, to, address))));
                    }
                }
            }
            for (Future<Pair> one : running) {
                pairs.add(one.get());
            }
        } catch (ExecutionException broken) {
            throw new LabException("The proof cannot be carried out: " + broken.getCause(), broken);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LabException("The proof was interrupted.", interrupted);
        }
        return new ProofTable(ends, pairs);
    }

    /** The receiver's addresses of families that the sender has too: a pod from before the network had a second family has only one. */
    static List<String> common(Pod from, Pod to) {
        return to.addresses().stream().filter(address -> from.addresses().stream().anyMatch(own -> own.contains(":") == address.contains(":"))).toList();
    }

    /**
     * A pod that runs is used again: that it still can talk is worth more than that a new one can. Not so one of before the network's MTU
     * became smaller, which keeps its own, and has to be made again as others have.
     */
    private List<Pod> ends() {
        List<Pod> known = pods.all();
        List<Host> without = new ArrayList<>();
        for (Host host : hosts) {
            Optional<Pod> there = known.stream().filter(pod -> pod.name().equals(name(host)) && pod.namespace().equals("default")).findFirst();
            if (there.isEmpty() || !pods.lives(there.get()) || isTooLarge(there.get(), host)) {
                there.ifPresent(pods::remove);
                without.add(host);
            }
        }
        if (!without.isEmpty()) {
            new Namespaces(EtcdClient.onAnyOf(hosts)).put("default", Map.of());
            Lab.inParallel(without, host ->
                    pods.attach(new PodSpec("default", name(host), Map.of("app", "proof"), List.of(), List.of()), host));
        }
        List<Pod> all = pods.all();
        return hosts.stream().map(host -> all.stream().filter(pod -> pod.name().equals(name(host)) && pod.namespace().equals("default"))
                .findFirst().orElseThrow()).toList();
    }

    private boolean isTooLarge(Pod pod, Host host) {
        try {
            Matcher mtu = MTU.matcher(Files.readString(host.path("/run/flannel/subnet.env")));
            return mtu.find() && PodSocket.mtu(pods.netns(pod)) > Integer.parseInt(mtu.group(1));
        } catch (IOException unknown) {
            return false;
        }
    }

    private static String name(Host host) {
        return "proof-" + host.name();
    }

    private Pair tried(Pod from, Pod to, String address) {
        try {
            int mtu = PodSocket.mtu(pods.netns(from));
            int headers = address.contains(":") ? PING_HEADERS_V6 : PING_HEADERS;
            Program.Outcome ping = pods.program(from, List.of("ping", "-n", "-M", "do", "-s", Integer.toString(mtu - headers), "-c", "2",
                    "-i", "0.2", "-W", "1", address)).run();
            Matcher time = ROUND_TRIP.matcher(ping.out());
            double millis = 0;
            while (time.find()) {
                // The last one: the first may have waited for a neighbour.
                millis = Double.parseDouble(time.group(1));
            }
            if (!ping.succeeded()) {
                return new Pair(from, to, address, 0, Optional.of("no answer to a ping of " + mtu + " bytes" + detail(ping)));
            }
            return new Pair(from, to, address, millis, tcp(from, to, address));
        } catch (IOException broken) {
            return new Pair(from, to, address, 0, Optional.of("not tried: " + broken.getMessage()));
        }
    }

    private static String detail(Program.Outcome ping) {
        return ping.out().lines().filter(line -> line.startsWith("From ") || line.contains("nreachable") || line.contains("too long"))
                .findFirst().map(line -> " (" + line.strip() + ")").orElse("");
    }

    private Optional<String> tcp(Pod from, Pod to, String address) {
        Path there = pods.netns(to);
        try (Echo echo = new Echo(there, address)) {
            byte[] sent = new byte[TCP_BYTES];
            new Random(from.hashCode()).nextBytes(sent);
            try (Socket socket = PodSocket.connect(pods.netns(from), address, echo.port(), PATIENCE)) {
                Thread writer = Thread.ofVirtual().start(() -> write(socket, sent));
                InputStream back = socket.getInputStream();
                byte[] got = back.readNBytes(TCP_BYTES);
                writer.join();
                return Arrays.equals(sent, got) ? Optional.empty()
                        : Optional.of("TCP brought back " + got.length + " of " + TCP_BYTES + " bytes");
            }
        } catch (IOException refused) {
            return Optional.of("TCP: " + refused.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.of("TCP was interrupted");
        }
    }

    private static void write(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException gone) {
            // The reader sees that bytes are missing.
        }
    }
}
