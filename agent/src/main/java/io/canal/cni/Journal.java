package io.canal.cni;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is attached on this node, one file an attachment: its description on the first line, and {@code up} on the second once it
 * may talk. A file without the second line is of an ADD that did not end; its interface stays closed.
 */
final class Journal {

    private static final Logger log = LoggerFactory.getLogger(Journal.class);
    private static final String UP = "up\n";
    private static final String END = ".endpoint";
    private static final String RETIRED = ".deleted";

    private final Path folder;

    /** @param up whether the ADD ended well */
    record Entry(Attachment attachment, boolean up) {}

    Journal(Path folder) throws IOException {
        this.folder = folder;
        Durable.folder(folder);
    }

    /** All entries. One that cannot be read stays where it is, and out of the list: its interface stays closed. */
    List<Entry> load() throws IOException {
        return read(END);
    }

    /** What was deleted while the deletion could not be spooled. */
    List<Attachment> retired() throws IOException {
        return read(RETIRED).stream().map(Entry::attachment).toList();
    }

    private List<Entry> read(String end) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + end)) {
            for (Path file : files) {
                read(file).ifPresent(entries::add);
            }
        }
        return entries;
    }

    /** One that is damaged concerns no other. */
    private static Optional<Entry> read(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException unreadable) {
            log.warn("{} cannot be read: {}; what it was for stays closed until it is deleted or added again", file, unreadable.toString());
            return Optional.empty();
        }
        int newline = text.indexOf('\n');
        if (newline < 0) {
            log.warn("{} is not whole; what it was for stays closed until it is deleted or added again", file);
            return Optional.empty();
        }
        return switch (Attachment.decode(file.toString(), text.substring(0, newline))) {
            case Good<Attachment>(Attachment attachment) -> Optional.of(new Entry(attachment, text.substring(newline + 1).equals(UP)));
            case Bad<Attachment>(var problem) -> {
                log.warn("{}; what it was for stays closed until it is deleted or added again", problem.sentence());
                yield Optional.empty();
            }
        };
    }

    /** Notes that an ADD has begun; the note is on disk when this returns. */
    void adding(Attachment attachment) throws IOException {
        Path file = file(attachment.id());
        String text = attachment.encode() + "\n";
        try {
            Durable.create(file, text);
        } catch (FileAlreadyExistsException before) {
            Durable.write(file, text);
        }
    }

    /** Notes that an ADD has ended well; false where its entry is gone, because it was deleted behind our back. */
    boolean up(Attachment.Id id) throws IOException {
        try {
            Durable.append(file(id), UP);
            return true;
        } catch (NoSuchFileException deleted) {
            return false;
        }
    }

    /** Notes an entry whole, as it is; the note is on disk when this returns. */
    void note(Entry entry) throws IOException {
        Durable.write(file(entry.attachment().id()), entry.attachment().encode() + "\n" + (entry.up() ? UP : ""));
    }

    /** Whether the entry is gone for sure: the folder can be read, and lacks it. */
    boolean lacks(Attachment.Id id) {
        return Files.isReadable(folder) && Files.notExists(file(id));
    }

    void remove(Attachment.Id id) throws IOException {
        Files.deleteIfExists(file(id));
    }

    /** The attachment is gone, and etcd is yet to hear of it: its entry gets another name, which a full disk allows. */
    void retire(Attachment.Id id) throws IOException {
        try {
            Files.move(file(id), file(id, RETIRED), StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException lost) {
            log.debug("the journal has no entry of {}", id);
        }
    }

    /** What was retired is seen to. */
    void settled(Attachment.Id id) throws IOException {
        Files.deleteIfExists(file(id, RETIRED));
    }

    /** Ids may be long; a name in a folder has at most 255 bytes. */
    private Path file(Attachment.Id id) {
        return file(id, END);
    }

    private Path file(Attachment.Id id, String end) {
        String name = id.containerId() + "," + id.interfaceInPod();
        boolean plain = name.chars().allMatch(c -> c < 128) && name.length() <= 128;
        return folder.resolve((plain ? name : Digest.sha1(name)) + end);
    }
}
