package io.canal.kernel.sysctl;

import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * An open folder of system controls. Those of a network namespace stay those of the one that the opening thread was in, wherever it
 * is used; and where there are many namespaces the kernel finds a control much faster from here than from {@code /proc/sys}, where it
 * compares with all of them.
 */
public final class SysctlFolder implements AutoCloseable {

    private final Fd fd;
    private final Path path;

    private SysctlFolder(Fd fd) {
        this.fd = fd;
        this.path = Path.of("/proc/self/fd/" + fd.number());
    }

    /** Opens a folder, such as {@code net/ipv6/conf}. */
    public static SysctlFolder open(String name) throws KernelException {
        return new SysctlFolder(Fd.open(Sysctl.path(Sysctl.ROOT, name)));
    }

    /** As {@link Sysctl#write}, of a control in this folder. */
    public void write(String name, String value) throws IOException {
        Sysctl.write(Sysctl.path(path, name), name, value);
    }

    @Override
    public void close() {
        fd.close();
    }
}
