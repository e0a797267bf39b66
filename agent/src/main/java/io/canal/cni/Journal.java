package io.canal.cni;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    private final Path folder;

    /** @param up whether the ADD ended well */
    record Entry(Attachment attachment, boolean up) {}

    Journal(Path folder) throws IOException {
        this.folder = folder;
        Durable.folder(folder);
    }

    /** All entries. One that cannot be read stays where it is, and out of the list: its interface stays closed. */
    List<Entry> load() throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + END)) {
            for (Path file : files) {
                String text = Files.readString(file);
                int newline = text.indexOf('\n');
                if (newline < 0) {
                    log.warn("{} is not whole; what it was for stays closed until it is deleted or added again", file);
                    continue;
                }
                switch (Attachment.decode(file.toString(), text.substring(0, newline))) {
                    case Good<Attachment>(Attachment attachment) -> entries.add(new Entry(attachment, text.substring(newline + 1).equals(UP)));
                    case Bad<Attachment>(var problem) -> log.warn("{}; what it was for stays closed until it is deleted or added again", problem.sentence());
                }
            }
        }
        return entries;
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

    /** Ids may be long; a name in a folder has at most 255 bytes. */
    private Path file(Attachment.Id id) {
        String name = id.containerId() + "," + id.interfaceInPod();
        boolean plain = name.chars().allMatch(c -> c < 128) && name.length() <= 128;
        return folder.resolve((plain ? name : Digest.sha1(name)) + END);
    }
}
