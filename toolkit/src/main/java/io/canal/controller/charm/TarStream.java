package io.canal.controller.charm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes a tar archive in the ustar format, with GNU's extension for names longer than 100 bytes. */
final class TarStream implements AutoCloseable {

    private static final int BLOCK = 512;

    private final OutputStream out;

    TarStream(OutputStream out) {
        this.out = out;
    }

    void folder(Member member) throws IOException {
        header(member.name() + "/", member.mode(), 0, member.modified(), '5', "");
    }

    void link(Member member, String target) throws IOException {
        header(member.name(), 0777, 0, member.modified(), '2', target);
    }

    void file(Member member, long size, InputStream content) throws IOException {
        header(member.name(), member.mode(), size, member.modified(), '0', "");
        long written = content.transferTo(out);
        if (written != size) {
            throw new IOException(member.name() + " has " + written + " bytes, expected " + size);
        }
        pad(size);
    }

    private void header(String name, int mode, long size, long modified, char type, String target) throws IOException {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        byte[] targetBytes = target.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length > 100) {
            longName('L', nameBytes);
        }
        if (targetBytes.length > 100) {
            longName('K', targetBytes);
        }
        byte[] block = new byte[BLOCK];
        System.arraycopy(nameBytes, 0, block, 0, Math.min(100, nameBytes.length));
        octal(block, 100, 8, mode);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, size);
        octal(block, 136, 12, Math.max(0, modified));
        block[156] = (byte) type;
        System.arraycopy(targetBytes, 0, block, 157, Math.min(100, targetBytes.length));
        byte[] magic = "ustar\00000root".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(magic, 0, block, 257, magic.length);
        System.arraycopy(magic, 8, block, 297, 4);
        sum(block);
        out.write(block);
    }

    private void longName(char type, byte[] name) throws IOException {
        byte[] terminated = java.util.Arrays.copyOf(name, name.length + 1);
        header("././@LongLink", 0, terminated.length, 0, type, "");
        out.write(terminated);
        pad(terminated.length);
    }

    private static void sum(byte[] block) {
        java.util.Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, 148, 7, sum);
        block[155] = ' ';
    }

    private static void octal(byte[] block, int at, int width, long value) {
        String digits = Long.toOctalString(value);
        String field = "0".repeat(width - 1 - digits.length()) + digits;
        System.arraycopy(field.getBytes(StandardCharsets.US_ASCII), 0, block, at, field.length());
        block[at + width - 1] = 0;
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) ((BLOCK - size % BLOCK) % BLOCK)]);
    }

    /** Ends the archive; the stream below stays open. */
    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK]);
    }
}
