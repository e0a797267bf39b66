package io.canal.charm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Foreign files that stand where ours must be: kept beside under another name, and put back when canal goes. */
final class Aside {

    private static final String SUFFIX = ".before-canal";

    private Aside() {}

    /** Moves a foreign file out of the way. The first one that was kept is the one that counts. */
    static void keep(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(kept(file), LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(file);
        } else {
            Files.move(file, kept(file), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Puts the foreign file back in the place of ours, or just removes ours where there was none. */
    static void restore(Path file) throws IOException {
        if (Files.exists(kept(file), LinkOption.NOFOLLOW_LINKS)) {
            Files.move(kept(file), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.deleteIfExists(file);
        }
    }

    private static Path kept(Path file) {
        return file.resolveSibling(file.getFileName() + SUFFIX);
    }
}
