package io.canal.ssh;

import com.jcraft.jsch.ChannelExec;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A program that runs on a host. Its output goes to the streams that it was started with. */
public final class RemoteProgram implements AutoCloseable {

    /** The server's last packets (exit status, close) follow each other at once; jsch offers nothing to wait for. */
    private static final long LOOK_NANOS = Duration.ofMillis(1).toNanos();

    private final ChannelExec channel;
    private final OutputStream stdin;

    RemoteProgram(ChannelExec channel, OutputStream stdin) {
        this.channel = channel;
        this.stdin = stdin;
    }

    /** Its standard input. Closing it tells the program that there is no more. */
    public OutputStream stdin() {
        return stdin;
    }

    /** Whether the program has ended, or the connection has. */
    public boolean hasEnded() {
        return channel.isClosed();
    }

    /** Waits for the end and returns the exit status, 255 when the connection broke. */
    public int waitFor() throws InterruptedException {
        while (!channel.isClosed()) {
            LockSupport.parkNanos(LOOK_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        int status = channel.getExitStatus();
        return status >= 0 ? status : channel.getExitSignal() == null ? 255 : 128 + number(channel.getExitSignal());
    }

    private static int number(String signal) {
        return switch (signal) {
            case "HUP" -> 1;
            case "INT" -> 2;
            case "QUIT" -> 3;
            case "ABRT" -> 6;
            case "KILL" -> 9;
            case "SEGV" -> 11;
            case "PIPE" -> 13;
            case "TERM" -> 15;
            default -> 0;
        };
    }

    /** Ends the channel. The server closes the program's streams; it does not kill it. */
    @Override
    public void close() {
        try {
            stdin.close();
        } catch (IOException e) {
            // The connection is gone, and the stream with it.
        }
        channel.disconnect();
    }
}
