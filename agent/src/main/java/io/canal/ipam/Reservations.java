package io.canal.ipam;

import io.canal.model.Ip;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The files of one network's folder. Used by whoever holds both locks, our own and the folder's.
 *
 * <p>Which addresses are taken is looked up each time, by the files' names. What a file holds is remembered, for it is written once:
 * to read a thousand files at each ADD would take longer than all the rest. What an owner gets or loses by it is read again first.
 */
final class Reservations {

    private static final String LAST = "last_reserved_ip.";
    private static final FileAttribute<Set<PosixFilePermission>> READABLE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--"));

    private final Path folder;
    // Not a fair one: to hand it from thread to thread in turn takes longer than the work.
    private final ReentrantLock own = new ReentrantLock();
    /** By file name. */
    private final Map<String, Reservation> known = new HashMap<>();

    private record Reservation(Ip address, String content) {}

    Reservations(Path folder) {
        this.folder = folder;
    }

    /** Excludes our own threads from each other. */
    ReentrantLock own() {
        return own;
    }

    /** Brings what is known in step with the folder. */
    void look() throws IOException {
        String[] names = new File(folder.toString()).list();
        if (names == null) {
            throw new IOException(folder + " cannot be listed");
        }
        Set<String> present = new HashSet<>(names.length * 2);
        for (String name : names) {
            present.add(name);
            if (!known.containsKey(name)) {
                Optional<Ip> address = Ip.parse(name);
                if (address.isPresent()) {
                    remember(name, address.get());
                }
            }
        }
        known.keySet().retainAll(present);
    }

    Set<Ip> taken() {
        Set<Ip> taken = new HashSet<>(known.size() * 2);
        known.values().forEach(reservation -> taken.add(reservation.address));
        return taken;
    }

    Map<Ip, String> all() throws IOException {
        readAnew();
        Map<Ip, String> all = new TreeMap<>();
        known.values().forEach(reservation -> all.put(reservation.address, reservation.content));
        return all;
    }

    /**
     * The owner's addresses, each confirmed by its file. One is missing only where another program took it from an owner that we knew
     * and gave it to this one.
     */
    Set<Ip> heldBy(Owner owner) throws IOException {
        for (Ip address : remembered(owner)) {
            remember(address.toString(), address);
        }
        return remembered(owner);
    }

    /** As {@link #heldBy}, and where it finds nothing all files are read anew. */
    Set<Ip> surelyHeldBy(Owner owner) throws IOException {
        Set<Ip> held = heldBy(owner);
        if (held.isEmpty()) {
            readAnew();
            held = heldBy(owner);
        }
        return held;
    }

    /** All addresses in use, as the files have them now. */
    List<HostLocal.Reserved> reserved() throws IOException {
        readAnew();
        List<HostLocal.Reserved> all = new ArrayList<>();
        for (Map.Entry<String, Reservation> entry : known.entrySet()) {
            String content = entry.getValue().content.strip();
            all.add(new HostLocal.Reserved(entry.getValue().address, content.lines().findFirst().orElse(""),
                    Files.getLastModifiedTime(folder.resolve(entry.getKey())).toInstant()));
        }
        return all;
    }

    /** Notes that the address is in use from now. */
    void renew(Ip address) throws IOException {
        Files.setLastModifiedTime(folder.resolve(address.toString()), FileTime.from(Instant.now()));
    }

    /** Whether the address was free and is the owner's now. */
    boolean reserve(Ip address, Owner owner) throws IOException {
        // Written elsewhere and then linked: there is no moment at which the file is empty.
        Path whole = folder.resolveSibling("." + folder.getFileName() + ".canal");
        Files.deleteIfExists(whole);
        try (FileChannel channel = FileChannel.open(whole, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), READABLE)) {
            channel.write(ByteBuffer.wrap(owner.text().getBytes(StandardCharsets.UTF_8)));
        }
        try {
            Files.createLink(folder.resolve(address.toString()), whole);
        } catch (FileAlreadyExistsException taken) {
            return false;
        } finally {
            Files.deleteIfExists(whole);
        }
        known.put(address.toString(), new Reservation(address, owner.text()));
        return true;
    }

    void release(Collection<Ip> addresses) throws IOException {
        for (Ip address : addresses) {
            Files.deleteIfExists(folder.resolve(address.toString()));
            known.remove(address.toString());
        }
    }

    /** The address that was given last from this range set. */
    Optional<Ip> last(int set) throws IOException {
        return content(folder.resolve(LAST + set)).flatMap(text -> Ip.parse(text.strip()));
    }

    void last(int set, Ip address) throws IOException {
        // Not truncated to nothing first: some file systems then write it to disk at once.
        byte[] text = address.toString().getBytes(StandardCharsets.US_ASCII);
        try (FileChannel channel = FileChannel.open(folder.resolve(LAST + set), Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE), READABLE)) {
            channel.write(ByteBuffer.wrap(text));
            channel.truncate(text.length);
        }
    }

    private Set<Ip> remembered(Owner owner) {
        Set<Ip> held = new HashSet<>();
        known.values().forEach(reservation -> {
            if (owner.holds(reservation.content)) {
                held.add(reservation.address);
            }
        });
        return held;
    }

    private void readAnew() throws IOException {
        for (Map.Entry<String, Reservation> entry : Map.copyOf(known).entrySet()) {
            remember(entry.getKey(), entry.getValue().address);
        }
    }

    private void remember(String name, Ip address) throws IOException {
        Optional<String> content = content(folder.resolve(name));
        if (content.isPresent()) {
            known.put(name, new Reservation(address, content.get()));
        } else {
            known.remove(name);
        }
    }

    private static Optional<String> content(Path file) throws IOException {
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        } catch (CharacterCodingException garbage) {
            return Optional.of("");
        }
    }
}
