package io.canal.kernel.iptables;

import java.io.IOException;

/** A program of iptables is absent, failed, or did not end; the message is a sentence with its own words. */
public final class IptablesException extends IOException {

    private static final long serialVersionUID = 1;

    IptablesException(String sentence) {
        super(sentence);
    }

    IptablesException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
