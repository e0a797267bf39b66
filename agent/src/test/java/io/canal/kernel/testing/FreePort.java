package io.canal.kernel.testing;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Ports for servers that tests start, end, and start again. They are none of those that the kernel gives to whoever asks for any: while
 * a server is away somebody's connection might have its port, even that of the client which tries to reach it.
 */
public final class FreePort {

    private static final int FIRST = 10_240;
    /** Where the kernel's own begin. */
    private static final int END = 32_768;
    /** More than a JVM needs: two that run at one time begin so far from each other. */
    private static final int APART = 16;
    private static final AtomicLong NEXT = new AtomicLong(ProcessHandle.current().pid() * APART);

    private FreePort() {}

    /** One at which nobody listens, and that was not given before. */
    public static int at(InetAddress address) {
        for (int i = 0; i < END - FIRST; i++) {
            int port = FIRST + (int) (NEXT.getAndIncrement() % (END - FIRST));
            try (ServerSocket socket = new ServerSocket(port, 1, address)) {
                return socket.getLocalPort();
            } catch (BindException taken) {
                // The next one may be free.
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }
        throw new IllegalStateException("no port from " + FIRST + " to " + END + " is free");
    }
}
