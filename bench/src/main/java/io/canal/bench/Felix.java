package io.canal.bench;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.Spawned;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A real Felix in the place of canal's agent. */
final class Felix implements Guard {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PORT = 9099;

    private final Path program;
    private final List<String> endpoints;
    private final Path log;
    private Dataplane dataplane = Dataplane.NFTABLES;
    private @Nullable Process process;

    Felix(Path program, List<String> endpoints, Path folder) {
        this.program = program;
        this.endpoints = endpoints;
        this.log = folder.resolve("felix.log");
    }

    @Override
    public String title() {
        return "Felix";
    }

    @Override
    public void use(Dataplane now) {
        dataplane = now;
    }

    @Override
    public void launch() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(program.toString()).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Map<String, String> environment = builder.environment();
        environment.put("DATASTORE_TYPE", "etcdv3");
        environment.put("ETCD_ENDPOINTS", String.join(",", endpoints));
        environment.put("FELIX_DATASTORETYPE", "etcdv3");
        environment.put("FELIX_FELIXHOSTNAME", PolicyLoad.NODE);
        environment.put("FELIX_NFTABLESMODE", dataplane == Dataplane.NFTABLES ? "Enabled" : "Disabled");
        environment.put("FELIX_IPTABLESBACKEND", dataplane == Dataplane.IPTABLES_LEGACY ? "Legacy" : "NFT");
        environment.put("FELIX_HEALTHENABLED", "true");
        environment.put("FELIX_HEALTHPORT", Integer.toString(PORT));
        environment.put("FELIX_LOGFILEPATH", "none");
        environment.put("FELIX_LOGSEVERITYSCREEN", "Warning");
        environment.put("FELIX_IPINIPENABLED", "false");
        environment.put("FELIX_VXLANENABLED", "false");
        environment.put("FELIX_USAGEREPORTINGENABLED", "false");
        process = Spawned.with(builder.start());
    }

    @Override
    public void awaitReady() throws IOException {
        long start = System.nanoTime();
        while (!ready()) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new IOException("Felix was not ready within " + PATIENCE.toSeconds() + " s; its log: " + Files.readString(log));
            }
            Node.pause(20);
        }
    }

    private static boolean ready() {
        try {
            HttpURLConnection asked = (HttpURLConnection) URI.create("http://localhost:" + PORT + "/readiness").toURL().openConnection();
            return asked.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public void kill() {
        Process now = process;
        if (now != null) {
            now.destroyForcibly();
            try {
                now.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void reset() {
        kill();
        Kernel.flush();
        // Its routes to pods, which the pods' own routes of the bench stand in for.
        TestNamespaces.tryRun(NetworkNamespace.current(), "ip", "route", "flush", "proto", "80");
    }

    @Override
    public double residentMegabytes() throws IOException {
        Process now = process;
        if (now == null) {
            throw new IllegalStateException("Felix was not started");
        }
        return Node.residentMegabytes(now.pid());
    }

    @Override
    public void close() {
        reset();
    }
}
