package io.canal.cli;

import io.canal.controller.Watcher;

/** Says on standard error what a command waits for, once that takes some seconds. */
final class Waiting implements Watcher {

    private final String remark;

    Waiting() {
        this("");
    }

    /** @param remark what stands behind each line, such as how not to wait */
    Waiting(String remark) {
        this.remark = remark;
    }

    @Override
    public void waiting(String reasons) {
        System.err.println("waiting: " + reasons + remark);
    }
}
