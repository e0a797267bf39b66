package io.canal.cli;

import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;

/** What went wrong, in words for the person who asked: Java's own messages about files are often no more than a path. */
final class Sentences {

    private Sentences() {}

    /** The sentence for what was thrown; those about files are the kernel's, as Go's programs and calicoctl print them. */
    static String of(Exception thrown) {
        if (thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
            return of(unchecked.getCause());
        }
        if (thrown instanceof FileSystemException file && file.getFile() != null) {
            return "open " + file.getFile() + ": " + reason(file);
        }
        String message = thrown.getMessage();
        return message == null ? thrown.toString() : message;
    }

    private static String reason(FileSystemException file) {
        return switch (file) {
            case NoSuchFileException _ -> "no such file or directory";
            // A lab, and its model, are root's.
            case AccessDeniedException _ -> "permission denied" + ("root".equals(System.getProperty("user.name")) ? "" : "; try it with sudo");
            case NotDirectoryException _ -> "not a directory";
            // Where Java has no class for the error, it tells the kernel's words.
            default -> file.getReason() == null ? file.getClass().getSimpleName() : file.getReason().toLowerCase(Locale.ROOT);
        };
    }
}
