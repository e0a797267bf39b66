package io.canal.cni;

import io.canal.cni.Attachment.Id;
import io.canal.model.Mac;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is attached, as the journal has it: by id, and who has which interface on the host. Safe for many threads. */
final class Attachments {

    // Both are guarded by this.
    private final Map<Id, Journal.Entry> byId = new HashMap<>();
    private final Map<String, Id> ownerOfInterface = new HashMap<>();
    private long sequence;

    Attachments(Collection<Journal.Entry> loaded) {
        loaded.stream().sorted((a, b) -> Long.compare(a.attachment().sequence(), b.attachment().sequence())).forEach(this::put);
    }

    synchronized long nextSequence() {
        return ++sequence;
    }

    synchronized void put(Journal.Entry entry) {
        byId.put(entry.attachment().id(), entry);
        // The last one that took an interface owns it: a pod's next sandbox takes it from the one before.
        ownerOfInterface.put(entry.attachment().hostInterface(), entry.attachment().id());
        sequence = Math.max(sequence, entry.attachment().sequence());
    }

    synchronized void remove(Id id) {
        Journal.Entry entry = byId.remove(id);
        if (entry != null) {
            ownerOfInterface.remove(entry.attachment().hostInterface(), id);
        }
    }

    synchronized Optional<Journal.Entry> get(Id id) {
        return Optional.ofNullable(byId.get(id));
    }

    synchronized Optional<Attachment> ownerOf(String hostInterface) {
        return Optional.ofNullable(ownerOfInterface.get(hostInterface)).flatMap(this::get).map(Journal.Entry::attachment);
    }

    /** Whether the attachment is the one that its interface on the host belongs to. */
    synchronized boolean owns(Attachment attachment) {
        return attachment.id().equals(ownerOfInterface.get(attachment.hostInterface()));
    }

    /** Whether the interface belongs to another attachment; else whatever is left of it goes with this one. */
    synchronized boolean isAnothers(Attachment attachment) {
        return ownerOf(attachment.hostInterface()).filter(owner -> !owner.id().equals(attachment.id())).isPresent();
    }

    /** Whether one of them has given its pod this MAC. */
    synchronized boolean hasMac(Mac mac) {
        return byId.values().stream().anyMatch(entry -> entry.attachment().mac().equals(mac));
    }

    synchronized List<Journal.Entry> all() {
        return List.copyOf(byId.values());
    }
}
