package io.canal.dataplane.filter;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The real firewalld in a namespace, with a system bus of its own. */
final class Firewalld implements AutoCloseable {

    private static final String BUS = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>unix:path=%s</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow eavesdrop="true"/>
                <allow own="*"/>
              </policy>
            </busconfig>
            """;
    private static final String TRUSTED = """
            <?xml version="1.0" encoding="utf-8"?>
            <zone target="ACCEPT">
              <short>Trusted</short>
              <source address="%s"/>
            </zone>
            """;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

    private final Path bus;
    private final List<Process> processes = new ArrayList<>();

    /**
     * Starts it; it runs when this returns.
     *
     * @param backend {@code nftables} or {@code iptables}
     * @param trusted addresses that it lets pass
     */
    Firewalld(NetworkNamespace namespace, Path folder, String backend, String trusted) throws IOException, InterruptedException {
        bus = folder.resolve("bus");
        Path settings = Files.createDirectories(folder.resolve("firewalld"));
        Files.writeString(settings.resolve("firewalld.conf"), "DefaultZone=public\nFirewallBackend=" + backend + "\nFlushAllOnReload=yes\n");
        Files.writeString(Files.createDirectories(settings.resolve("zones")).resolve("trusted.xml"), TRUSTED.formatted(trusted));
        Path config = Files.writeString(folder.resolve("bus.conf"), BUS.formatted(bus));
        Path log = folder.resolve("log");
        try {
            processes.add(start(log, "dbus-daemon", "--config-file=" + config, "--nofork"));
            await("the bus is there", () -> Files.exists(bus), log);
            processes.add(start(log, "nsenter", "--net=" + namespace.path(), "firewalld", "--nofork", "--nopid", "--log-target", "console",
                    "--system-config", settings.toString()));
            await("firewalld runs", () -> command("--state").equals("running"), log);
        } catch (IOException | InterruptedException | AssertionError failure) {
            close();
            throw failure;
        }
    }

    /** As {@code firewall-cmd --reload}; it has ended when this returns. */
    void reload() throws IOException, InterruptedException {
        String said = command("--reload");
        if (!said.equals("success")) {
            throw new AssertionError("firewall-cmd --reload said: " + said);
        }
    }

    private String command(String argument) throws IOException, InterruptedException {
        Process client = with(new ProcessBuilder("firewall-cmd", argument)).redirectErrorStream(true).start();
        String said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        client.waitFor();
        return said;
    }

    private Process start(Path log, String... command) throws IOException {
        return with(new ProcessBuilder(command)).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).start();
    }

    private ProcessBuilder with(ProcessBuilder builder) {
        builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + bus);
        return builder;
    }

    private interface Question {
        boolean isTrue() throws IOException, InterruptedException;
    }

    private static void await(String what, Question question, Path log) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (!question.isTrue()) {
            if (System.nanoTime() - start > PATIENCE) {
                throw new AssertionError("it did not come about that " + what + ": " + Files.readString(log));
            }
            Thread.sleep(50);
        }
    }

    @Override
    public void close() {
        processes.reversed().forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            // Else it may make a file while its folder is being removed.
            process.destroyForcibly().onExit().join();
        });
    }
}
