package io.canal.model;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file could not be read or written, in words: the messages of Java's exceptions often are a path and nothing else. */
public final class DiskReason {

    private DiskReason() {}

    /** The file, where it is known, and the reason; to be put behind a colon. */
    public static String of(IOException failure) {
        if (failure instanceof FileSystemException at && at.getReason() == null) {
            return at.getFile() + ": " + switch (at) {
                case NoSuchFileException _ -> "there is no such file or folder";
                case AccessDeniedException _ -> "permission denied";
                case FileAlreadyExistsException _ -> "it is there already";
                case NotDirectoryException _ -> "it is no folder";
                case DirectoryNotEmptyException _ -> "it is not empty";
                default -> "it cannot be used";
            };
        }
        String message = failure.getMessage();
        return message == null || message.isBlank() ? "for a reason that the system did not tell" : message;
    }
}
