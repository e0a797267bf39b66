package io.canal.dataplane.file;

import io.canal.dataplane.file.NodeFiles.Rendered;
import io.canal.files.FileFacts;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Keeps {@code subnet.env} and the conflist as they should be. Comes last: what the files promise is in the kernel by then. */
public final class FileStage implements Stage {

    /** The stage's name. */
    public static final String NAME = "files";

    private final NodeFiles files;
    private final Supplier<Optional<FileFacts>> facts;
    private final BooleanSupplier mayBegin;

    private @Nullable FileFacts renderedFrom;
    private boolean trusted;
    private volatile @Nullable FileFacts placed;
    private volatile @Nullable Rendered rendered;

    /**
     * @param facts what the files are made from; empty while there is no subnet, and then the files stay as they are
     * @param mayBegin whether the conflist may be made where it is absent: sockets listen, and the kernel was as wanted once
     */
    public FileStage(NodeFiles files, Supplier<Optional<FileFacts>> facts, BooleanSupplier mayBegin) {
        this.files = files;
        this.facts = facts;
        this.mayBegin = mayBegin;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        Optional<FileFacts> now = facts.get();
        if (now.isEmpty()) {
            return;
        }
        Rendered texts = rendered;
        if (texts == null || !trusted || !now.get().equals(renderedFrom)) {
            texts = files.render(now.get());
            rendered = texts;
            renderedFrom = now.get();
            trusted = true;
            placed = null;
        }
        if (placed == null) {
            boolean begin = mayBegin.getAsBoolean();
            files.putSoon(texts, begin);
            placed = begin && texts.settled() ? renderedFrom : null;
        }
    }

    @Override
    public void distrust() {
        trusted = false;
    }

    @Override
    public List<Repair> takeRepairs() {
        return files.takeRepairs();
    }

    @Override
    public void removeAll() throws StageFailed {
        files.remove();
    }

    /** What both files say, as they were last seen or made; empty while one is not as it should be. May be called from any thread. */
    public Optional<FileFacts> placed() {
        return Optional.ofNullable(placed);
    }

    /** What the files say by our last rendering; empty before the first. May be called from any thread. */
    public Optional<Rendered> rendered() {
        return Optional.ofNullable(rendered);
    }
}
