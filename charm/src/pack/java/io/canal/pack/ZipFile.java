package io.canal.pack;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes a zip file with Unix modes (APPNOTE.TXT 6.3, sections 4.3 and 4.4; the mode is in the upper half of the external attributes).
 *
 * <p>{@code java.util.zip} writes no modes, and its file system no links; a charm needs both. All members have one date, so that
 * the same members give the same file. Members and file stay below 4 GiB.
 */
final class ZipFile implements AutoCloseable {

    private static final int REGULAR = 0100000;
    private static final int FOLDER = 0040000;
    private static final int LINK = 0120000;

    /** 2026-01-01 00:00 in the form of MS-DOS. */
    private static final int DATE = 2026 - 1980 << 9 | 1 << 5 | 1;

    /** Names are UTF-8. */
    private static final int FLAGS = 1 << 11;

    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    private final OutputStream out;
    private final List<byte[]> directory = new ArrayList<>();
    private long offset;

    ZipFile(Path file) throws IOException {
        this.out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }

    void file(String name, byte[] content, int permissions) throws IOException {
        // Jars and the runtime's modules are compressed already.
        boolean compress = content.length > 0 && !name.endsWith(".jar") && !name.endsWith("/modules");
        byte[] packed = compress ? deflate(content) : content;
        member(name, content, packed, compress ? DEFLATED : STORED, REGULAR | permissions);
    }

    void link(String name, byte[] target) throws IOException {
        member(name, target, target, STORED, LINK | 0777);
    }

    void folder(String name) throws IOException {
        member(name + "/", new byte[0], new byte[0], STORED, FOLDER | 0755);
    }

    private void member(String name, byte[] content, byte[] packed, int method, int mode) throws IOException {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        CRC32 crc = new CRC32();
        crc.update(content);
        ByteBuffer common = little(26)
                .putShort((short) 20).putShort((short) FLAGS).putShort((short) method)
                .putShort((short) 0).putShort((short) DATE)
                .putInt((int) crc.getValue()).putInt(packed.length).putInt(content.length)
                .putShort((short) path.length).putShort((short) 0);
        ByteBuffer entry = little(46 + path.length)
                .putInt(0x02014b50).putShort((short) (3 << 8 | 20)).put(common.array())
                .putShort((short) 0).putShort((short) 0).putShort((short) 0)
                .putInt(mode << 16 | (mode & FOLDER) >> 10 & 0x10).putInt((int) offset).put(path);
        directory.add(entry.array());
        write(little(4).putInt(0x04034b50).array());
        write(common.array());
        write(path);
        write(packed);
    }

    @Override
    public void close() throws IOException {
        long start = offset;
        for (byte[] entry : directory) {
            write(entry);
        }
        write(little(22)
                .putInt(0x06054b50).putShort((short) 0).putShort((short) 0)
                .putShort((short) directory.size()).putShort((short) directory.size())
                .putInt((int) (offset - start)).putInt((int) start).putShort((short) 0)
                .array());
        out.close();
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        offset += bytes.length;
    }

    private static byte[] deflate(byte[] content) {
        Deflater deflater = new Deflater(content.length > 1 << 22 ? Deflater.BEST_SPEED : Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(content);
        deflater.finish();
        ByteArrayOutputStream packed = new ByteArrayOutputStream(content.length / 2 + 64);
        byte[] buffer = new byte[1 << 16];
        while (!deflater.finished()) {
            packed.write(buffer, 0, deflater.deflate(buffer));
        }
        deflater.end();
        return packed.toByteArray();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
