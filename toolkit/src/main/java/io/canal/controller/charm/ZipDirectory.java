package io.canal.controller.charm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * The central directory of a zip file, read for what java.util.zip does not tell: Unix modes, and which entries are symbolic
 * links (APPNOTE.TXT §4.3.12, external attributes).
 */
final class ZipDirectory {

    private static final int END = 0x06054b50;
    private static final int ENTRY = 0x02014b50;
    private static final int END_SIZE = 22;
    private static final int ENTRY_SIZE = 46;
    private static final int UNIX = 3;
    private static final int TYPE = 0170000;
    private static final int LINK = 0120000;
    private static final int REGULAR = 0100000;
    private static final int FOLDER = 0040000;

    private ZipDirectory() {}

    static List<Member> read(Path zip) throws IOException, CharmException {
        try (FileChannel file = FileChannel.open(zip)) {
            ByteBuffer end = tail(file);
            int at = end.limit() - END_SIZE;
            while (at >= 0 && end.getInt(at) != END) {
                at--;
            }
            if (at < 0) {
                throw new CharmException(zip.getFileName() + ": zip: not a valid zip file");
            }
            int count = Short.toUnsignedInt(end.getShort(at + 10));
            long size = Integer.toUnsignedLong(end.getInt(at + 12));
            long offset = Integer.toUnsignedLong(end.getInt(at + 16));
            if (count == 0xffff || offset + size > file.size()) {
                throw new CharmException(zip.getFileName() + ": zip: a charm of this size or shape is not supported");
            }
            ByteBuffer directory = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
            readFully(file, directory, offset);
            return entries(zip, directory.flip(), count);
        }
    }

    private static List<Member> entries(Path zip, ByteBuffer directory, int count) throws CharmException {
        List<Member> members = new ArrayList<>(count);
        int at = 0;
        for (int i = 0; i < count; i++) {
            if (at + ENTRY_SIZE > directory.limit() || directory.getInt(at) != ENTRY) {
                throw new CharmException(zip.getFileName() + ": zip: not a valid zip file");
            }
            int nameSize = Short.toUnsignedInt(directory.getShort(at + 28));
            byte[] name = new byte[nameSize];
            directory.get(at + ENTRY_SIZE, name);
            members.add(member(directory, at, new String(name, StandardCharsets.UTF_8)));
            at += ENTRY_SIZE + nameSize + Short.toUnsignedInt(directory.getShort(at + 30))
                    + Short.toUnsignedInt(directory.getShort(at + 32));
        }
        return members;
    }

    private static Member member(ByteBuffer directory, int at, String name) throws CharmException {
        boolean folder = name.endsWith("/");
        String path = folder ? name.substring(0, name.length() - 1) : name;
        boolean unix = directory.get(at + 5) == UNIX;
        int mode = directory.getInt(at + 38) >>> 16;
        Member.Kind kind = folder ? Member.Kind.FOLDER : Member.Kind.FILE;
        if (unix) {
            kind = switch (mode & TYPE) {
                case LINK -> Member.Kind.LINK;
                case FOLDER -> Member.Kind.FOLDER;
                case 0, REGULAR -> kind;
                default -> throw new CharmException("file has an unknown type: \"" + path + "\"");
            };
        }
        int permissions = unix ? mode & 0777 : folder ? 0755 : 0644;
        return new Member(path, permissions, kind, dosTime(directory.getShort(at + 14), directory.getShort(at + 12)));
    }

    private static long dosTime(short date, short time) {
        int month = Math.clamp(date >> 5 & 15, 1, 12);
        int day = Math.max(1, date & 31);
        try {
            return LocalDateTime.of(1980 + (date >> 9 & 127), month, day, Math.min(23, time >> 11 & 31),
                            Math.min(59, time >> 5 & 63), Math.min(59, (time & 31) * 2))
                    .toEpochSecond(ZoneOffset.UTC);
        } catch (java.time.DateTimeException e) {
            return 0;
        }
    }

    private static ByteBuffer tail(FileChannel file) throws IOException {
        long size = Math.min(file.size(), END_SIZE + 0xffffL);
        ByteBuffer buffer = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, buffer, file.size() - size);
        return buffer.flip();
    }

    private static void readFully(FileChannel file, ByteBuffer buffer, long offset) throws IOException {
        long at = offset;
        while (buffer.hasRemaining()) {
            int got = file.read(buffer, at);
            if (got < 0) {
                throw new IOException("the file ends early");
            }
            at += got;
        }
    }
}
