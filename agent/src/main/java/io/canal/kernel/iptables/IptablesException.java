package io.canal.kernel.iptables;

import java.io.IOException;
import java.util.Set;
import java.util.regex.Pattern;

/** A program of iptables is absent, failed, or did not end; the message is a sentence with its own words. */
public final class IptablesException extends IOException {

    private static final long serialVersionUID = 1;
    /** What iptables exits with where it, or the kernel, does not take what it is given. 4 is also a lock that another holds. */
    private static final Set<Integer> REFUSALS = Set.of(1, 2, 4);
    private static final Pattern PASSING = Pattern.compile("xtables lock|temporarily unavailable", Pattern.CASE_INSENSITIVE);

    private final int code;
    private final String line;

    IptablesException(String sentence) {
        this(sentence, 0);
    }

    IptablesException(String sentence, Throwable cause) {
        super(sentence, cause);
        code = 0;
        line = "";
    }

    /** @param code what the program exited with */
    IptablesException(String sentence, int code) {
        super(sentence);
        this.code = code;
        line = "";
    }

    /** @param line which the program complains of; empty where it does not say */
    IptablesException(IptablesException failure, String line) {
        super(failure.getMessage() + (line.isEmpty() ? "" : " (" + line + ")"), failure);
        code = failure.code;
        this.line = line;
    }

    /** Whether it is the rules themselves that are not taken. */
    public boolean isRefusal() {
        return REFUSALS.contains(code) && !PASSING.matcher(String.valueOf(getMessage())).find();
    }

    /** The line that is not taken; empty where that is not known. */
    public String line() {
        return line;
    }
}
