package io.canal.ssh;

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchChangedHostKeyException;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.JSchUnknownHostKeyException;
import com.jcraft.jsch.Session;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One SSH connection to a host. Programs share it, each on a channel of its own. Safe for use by several threads. */
public final class Connection implements AutoCloseable {

    private static final int ALIVE_EVERY_MILLIS = 5_000;
    private static final int ALIVE_MISSED = 3;

    private final Endpoint endpoint;
    private final Session session;

    private Connection(Endpoint endpoint, Session session) {
        this.endpoint = endpoint;
        this.session = session;
    }

    /**
     * Connects and authenticates with the endpoint's key.
     *
     * @throws SshException with a sentence that names the host and what is to be done
     */
    public static Connection open(Endpoint endpoint) throws SshException {
        if (!Files.isReadable(endpoint.key())) {
            throw new SshException("private key file " + endpoint.key() + " for host " + endpoint + " is not readable");
        }
        Session session = null;
        try {
            JSch jsch = new JSch();
            jsch.addIdentity(endpoint.key().toString());
            if (Files.exists(endpoint.knownHosts())) {
                jsch.setKnownHosts(endpoint.knownHosts().toString());
            }
            session = jsch.getSession(endpoint.user(), endpoint.address(), endpoint.port());
            session.setSocketFactory(endpoint.netns().<Dialer>map(NamespaceDialer::new).orElseGet(Dialer::new));
            session.setConfig("StrictHostKeyChecking", "yes");
            session.setConfig("PreferredAuthentications", "publickey");
            session.setDaemonThread(true);
            session.setServerAliveInterval(ALIVE_EVERY_MILLIS);
            session.setServerAliveCountMax(ALIVE_MISSED);
            session.connect(Math.toIntExact(Dialer.PATIENCE.toMillis()));
            return new Connection(endpoint, session);
        } catch (JSchException e) {
            if (session != null) {
                session.disconnect();
            }
            throw refused(endpoint, e);
        }
    }

    private static SshException refused(Endpoint endpoint, JSchException e) {
        if (e instanceof JSchUnknownHostKeyException) {
            return new SshException(
                    "host key of " + endpoint + " is not in " + endpoint.knownHosts()
                            + "; add it there once you have compared it with the host's own",
                    e);
        }
        if (e instanceof JSchChangedHostKeyException) {
            return new SshException(
                    "host key of " + endpoint + " is another one than in " + endpoint.knownHosts()
                            + "; the host was installed anew, or it is not the host that you mean",
                    e);
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException || cause instanceof NoRouteToHostException) {
                return new SshException("host " + endpoint + " cannot be reached: " + cause.getMessage(), e);
            }
            if (cause instanceof SocketTimeoutException) {
                return new SshException(
                        "host " + endpoint + " did not answer within " + Dialer.PATIENCE.toSeconds() + " s", e);
            }
        }
        String reason = e.getMessage() == null ? "" : e.getMessage();
        if (reason.startsWith("Auth fail") || reason.startsWith("Auth cancel")) {
            return new SshException(
                    "host " + endpoint + " refuses the key " + endpoint.key() + "; put its public half into "
                            + endpoint.user() + "'s authorized_keys there",
                    e);
        }
        return new SshException("no SSH connection to host " + endpoint + ": " + reason, e);
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /** Whether the connection still stands, as far as we can know. */
    public boolean isOpen() {
        return session.isConnected();
    }

    /** Runs a program with empty input and returns what it left behind. */
    public Output run(List<String> argv) throws IOException, InterruptedException {
        return run(argv, InputStream.nullInputStream());
    }

    /** Runs a program, feeds it the input to its end, and returns what it left behind. */
    public Output run(List<String> argv, InputStream input) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = run(argv, input, out, err);
        return new Output(code, out.toByteArray(), err.toByteArray());
    }

    /** Runs a program with the given streams, which stay open, and returns its exit status. */
    public int run(List<String> argv, InputStream input, OutputStream out, OutputStream err)
            throws IOException, InterruptedException {
        try (RemoteProgram program = start(argv, new Shield(out), new Shield(err))) {
            try (OutputStream stdin = program.stdin()) {
                input.transferTo(stdin);
            } catch (IOException e) {
                // A program may end before it has read everything; its exit status tells.
                if (!program.hasEnded() && !session.isConnected()) {
                    throw lost(e);
                }
            }
            int code = program.waitFor();
            if (code == 255 && !session.isConnected()) {
                throw lost(null);
            }
            return code;
        }
    }

    /**
     * Runs a program with streams that may never end: it is over when the program is, however much of the input is left.
     */
    public int attached(List<String> argv, InputStream input, OutputStream out, OutputStream err)
            throws IOException, InterruptedException {
        try (RemoteProgram program = start(argv, new Shield(out), new Shield(err))) {
            Thread.ofVirtual().name("input of " + argv.getFirst()).start(() -> {
                try (OutputStream stdin = program.stdin()) {
                    byte[] chunk = new byte[8192];
                    for (int got = input.read(chunk); got >= 0; got = input.read(chunk)) {
                        stdin.write(chunk, 0, got);
                        stdin.flush();
                    }
                } catch (IOException e) {
                    // The program has ended before its input.
                }
            });
            int code = program.waitFor();
            out.flush();
            err.flush();
            return code;
        }
    }

    /**
     * Starts a program. Its output arrives on the session's own thread: the streams must not block for long. They are closed
     * when the program or the connection ends.
     */
    public RemoteProgram start(List<String> argv, OutputStream out, OutputStream err) throws IOException {
        try {
            ChannelExec channel = (ChannelExec) session.openChannel("exec");
            channel.setCommand(Quoting.command(argv));
            channel.setOutputStream(out);
            channel.setErrStream(err);
            OutputStream stdin = channel.getOutputStream();
            channel.connect(Math.toIntExact(Dialer.PATIENCE.toMillis()));
            return new RemoteProgram(channel, stdin);
        } catch (JSchException e) {
            throw new SshException("host " + endpoint + " does not start " + argv.getFirst() + ": " + e.getMessage(), e);
        }
    }

    /** Keeps the caller's stream open. */
    private static final class Shield extends FilterOutputStream {

        Shield(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private SshException lost(@Nullable Throwable cause) {
        return new SshException("the connection to host " + endpoint + " broke", cause);
    }

    @Override
    public void close() {
        session.disconnect();
    }
}
