package io.canal.story;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.lab.Host;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Locale;

/**
 * One connection to the member of etcd on a host, by its JSON gateway, over which puts cost next to nothing: a program that is started for
 * each takes a tenth of a second of the processors that the agent's start is to have.
 */
final class EtcdLine implements AutoCloseable {

    private static final String TLS = "/etc/etcd/tls/";

    private final Process line;
    private final InputStream from;

    private EtcdLine(Process line) {
        this.line = line;
        this.from = new BufferedInputStream(line.getInputStream());
    }

    static EtcdLine on(Host member) throws IOException {
        return new EtcdLine(new ProcessBuilder(member.program("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:2379", "-CAfile", TLS + "ca.crt",
                "-cert", TLS + "client.crt", "-key", TLS + "client.key").argv()).redirectError(ProcessBuilder.Redirect.DISCARD).start());
    }

    void put(String key, String value) {
        String body = "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\"}";
        try {
            line.getOutputStream().write(("POST /v3/kv/put HTTP/1.1\r\nHost: etcd\r\nContent-Type: application/json\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body).getBytes(UTF_8));
            line.getOutputStream().flush();
            String status = header();
            int length = 0;
            for (String header = header(); !header.isEmpty(); header = header()) {
                if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(header.substring("content-length:".length()).strip());
                }
            }
            String answer = new String(from.readNBytes(length), UTF_8);
            if (!status.startsWith("HTTP/1.1 200")) {
                throw new AssertionError(key + " could not be put: " + status + " " + answer);
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    private String header() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next = from.read(); next != '\n'; next = from.read()) {
            if (next < 0) {
                throw new EOFException("etcd has ended the connection");
            }
            text.append((char) next);
        }
        return text.toString().strip();
    }

    @Override
    public void close() {
        line.destroy();
    }
}
