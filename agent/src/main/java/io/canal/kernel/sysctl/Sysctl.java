package io.canal.kernel.sysctl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Reads and writes system controls.
 *
 * <p>A name is written with slashes, such as {@code net/ipv4/conf/flannel.1/forwarding}: names of interfaces may hold dots. Those
 * below {@code net} are of the network namespace that the calling thread is in.
 */
public final class Sysctl {

    static final Path ROOT = Path.of("/proc/sys");

    private Sysctl() {}

    /** The present value without the white space around it; empty where this kernel, or this interface, has no such control. */
    public static Optional<String> read(String name) throws IOException {
        try {
            return Optional.of(KernelFile.read(path(name)).strip());
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failure) {
            throw new IOException("cannot read sysctl " + name + ": " + failure.getMessage(), failure);
        }
    }

    /** Writes the value. */
    public static void write(String name, String value) throws IOException {
        write(path(name), name, value);
    }

    static void write(Path path, String name, String value) throws IOException {
        // The kernel takes the value of one write; the file is neither created nor truncated.
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(value.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchFileException absent) {
            throw new IOException("cannot set sysctl " + name + " to " + value + ": this kernel has no such control", absent);
        } catch (IOException failure) {
            throw new IOException("cannot set sysctl " + name + " to " + value + ": " + failure.getMessage(), failure);
        }
    }

    /** A control that is open, to be written at once when its time has come. */
    public static final class Opened implements AutoCloseable {

        private final String name;
        private final FileChannel file;

        private Opened(String name, FileChannel file) {
            this.name = name;
            this.file = file;
        }

        /** As {@link Sysctl#write}. */
        public void write(String value) throws IOException {
            try {
                file.write(ByteBuffer.wrap(value.getBytes(StandardCharsets.US_ASCII)));
            } catch (IOException failure) {
                throw new IOException("cannot set sysctl " + name + " to " + value + ": " + failure.getMessage(), failure);
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** Opens a control for writing. */
    public static Opened open(String name) throws IOException {
        try {
            return new Opened(name, FileChannel.open(path(name), StandardOpenOption.WRITE));
        } catch (IOException failure) {
            throw new IOException("cannot open sysctl " + name + ": " + failure.getMessage(), failure);
        }
    }

    /** Writes the value where it is another one; gives back the value before, empty where it was right or there is no such control. */
    public static Optional<String> set(String name, String value) throws IOException {
        Optional<String> before = read(name);
        if (before.isEmpty() || before.get().equals(value)) {
            return Optional.empty();
        }
        write(name, value);
        return before;
    }

    private static Path path(String name) {
        return path(ROOT, name);
    }

    static Path path(Path root, String name) {
        Path path = root.resolve(name).normalize();
        if (!path.startsWith(root)) {
            throw new IllegalArgumentException("not a sysctl: " + name);
        }
        return path;
    }
}
