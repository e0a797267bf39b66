package io.canal.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.store.RehearsalEtcd;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;

/**
 * The etcd of a training, in a process of its own: what it takes to be a server is not to be among the classes that the agent loads.
 *
 * <p>The process prints its endpoint, reads keys and values from its standard input, a line each, and prints a line when a value is
 * written, or the key of an empty one deleted; it ends with its input.
 */
final class Rehearsal implements AutoCloseable {

    private final Process process;
    private final BufferedReader from;
    private final BufferedWriter to;
    private final String endpoint;

    private Rehearsal(Process process) throws IOException {
        this.process = process;
        this.from = process.inputReader(UTF_8);
        this.to = process.outputWriter(UTF_8);
        this.endpoint = answer();
    }

    /**
     * Starts it in the network namespace of the calling thread.
     *
     * @param folder where its certificate is made
     */
    static Rehearsal start(Path folder) throws IOException {
        return new Rehearsal(new ProcessBuilder(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-Dsun.misc.unsafe.memory.access=allow",
                "-cp", System.getProperty("java.class.path"), Rehearsal.class.getName(), folder.toString()))
                .redirectError(Redirect.INHERIT).start());
    }

    public static void main(String[] folder) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        try (RehearsalEtcd etcd = RehearsalEtcd.open(TrainingCertificate.make(Path.of(folder[0])))) {
            System.out.println(etcd.endpoint());
            while (true) {
                String key = in.readLine();
                String value = in.readLine();
                if (key == null || value == null) {
                    return;
                }
                if (value.isEmpty()) {
                    etcd.remove(key);
                } else {
                    etcd.put(key, value);
                }
                System.out.println("put");
            }
        }
    }

    String endpoint() {
        return endpoint;
    }

    /** Writes a value of one line. */
    void put(String key, String value) throws IOException {
        to.write(key + "\n" + value + "\n");
        to.flush();
        answer();
    }

    void remove(String key) throws IOException {
        put(key, "");
    }

    private String answer() throws IOException {
        String line = from.readLine();
        if (line == null) {
            throw new IOException("the training's etcd has ended");
        }
        return line;
    }

    @Override
    public void close() throws IOException {
        to.close();
        try {
            process.waitFor();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            process.destroy();
        }
    }
}
