package io.canal.controller.hooktool;

/** What a hook tool prints and how it exits. */
public record ToolReply(int code, String stdout, String stderr) {

    static ToolReply printed(String text) {
        return new ToolReply(0, text, "");
    }
}
