package io.canal.charm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The charm's zip file as Juju's unpacker sees it: names, Unix modes, contents. */
record PackedCharm(Map<String, Member> members) {

    private static final int END = 0x06054b50;
    private static final int ENTRY = 0x02014b50;
    private static final int LINK = 0120000;
    private static final int TYPE = 0170000;

    record Member(int mode, byte[] content) {

        boolean isLink() {
            return (mode & TYPE) == LINK;
        }

        String permissions() {
            StringBuilder text = new StringBuilder("rwxrwxrwx");
            for (int bit = 0; bit < 9; bit++) {
                if ((mode >> 8 - bit & 1) == 0) {
                    text.setCharAt(bit, '-');
                }
            }
            return text.toString();
        }

        String text() {
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    /** The one that this build has packed. */
    static PackedCharm built() throws IOException {
        try (Stream<Path> target = Files.list(Path.of("target"))) {
            return read(target.filter(file -> file.toString().endsWith(".charm")).findFirst()
                    .orElseThrow(() -> new IOException("target/canal_<arch>.charm is missing: it is packed by mvn package")));
        }
    }

    static PackedCharm read(Path file) throws IOException {
        ByteBuffer zip = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int end = zip.limit() - 22;
        if (zip.getInt(end) != END) {
            throw new IOException(file + " does not end as a zip file");
        }
        Map<String, Member> members = new TreeMap<>();
        int at = zip.getInt(end + 16);
        for (int i = 0; i < zip.getShort(end + 10); i++) {
            if (zip.getInt(at) != ENTRY) {
                throw new IOException(file + " has a damaged directory");
            }
            int nameLength = zip.getShort(at + 28);
            byte[] name = new byte[nameLength];
            zip.get(at + 46, name);
            int start = zip.getInt(at + 42) + 30 + nameLength;
            byte[] packed = new byte[zip.getInt(at + 20)];
            zip.get(start, packed);
            byte[] content = zip.getShort(at + 10) == 0 ? packed : inflate(packed, zip.getInt(at + 24));
            members.put(new String(name, StandardCharsets.UTF_8), new Member(zip.getInt(at + 38) >>> 16, content));
            at += 46 + nameLength;
        }
        return new PackedCharm(members);
    }

    /** Unpacks with modes and links, as Juju does; times are those of now. */
    void unpack(Path folder) throws IOException {
        for (Map.Entry<String, Member> member : members.entrySet()) {
            Path path = folder.resolve(member.getKey());
            if (member.getKey().endsWith("/")) {
                Files.createDirectories(path);
                continue;
            }
            Files.createDirectories(path.getParent());
            if (member.getValue().isLink()) {
                Files.createSymbolicLink(path, Path.of(member.getValue().text()));
            } else {
                Files.write(path, member.getValue().content());
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(member.getValue().permissions()));
            }
        }
    }

    private static byte[] inflate(byte[] packed, int size) throws IOException {
        byte[] content = new byte[size];
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(packed);
            int done = 0;
            while (done < size) {
                int more = inflater.inflate(content, done, size - done);
                if (more == 0) {
                    throw new IOException("a member is shorter than its directory entry says");
                }
                done += more;
            }
        } catch (DataFormatException damaged) {
            throw new IOException(damaged);
        }
        return content;
    }
}
