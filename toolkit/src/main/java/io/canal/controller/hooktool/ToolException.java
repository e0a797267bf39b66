package io.canal.controller.hooktool;

/** A tool that fails: its exit code and what it says behind {@code ERROR}. */
public final class ToolException extends Exception {

    private static final long serialVersionUID = 1;

    private final int code;

    private ToolException(int code, String message) {
        super(message);
        this.code = code;
    }

    /** Flags or arguments that the tool does not take: exit code 2. */
    public static ToolException usage(String message) {
        return new ToolException(2, message);
    }

    /** Anything that goes wrong later: exit code 1. */
    public static ToolException failure(String message) {
        return new ToolException(1, message);
    }

    int code() {
        return code;
    }
}
