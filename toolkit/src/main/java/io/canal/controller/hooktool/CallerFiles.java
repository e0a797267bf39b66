package io.canal.controller.hooktool;

/** The files of the process that called a tool; a relative path is relative to that process's folder. */
public interface CallerFiles {

    /** The content of a file. */
    byte[] read(String path) throws ToolException;

    /** Everything on the caller's standard input. */
    byte[] readStdin() throws ToolException;

    /** Replaces a file's content, creating it when absent. */
    void write(String path, byte[] content) throws ToolException;
}
