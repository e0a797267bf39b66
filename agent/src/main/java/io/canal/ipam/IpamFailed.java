package io.canal.ipam;

/** No address could be given or released; the message is a sentence. */
public final class IpamFailed extends Exception {

    private static final long serialVersionUID = 1;

    private final boolean full;

    public IpamFailed(String sentence) {
        super(sentence);
        this.full = false;
    }

    public IpamFailed(String sentence, Throwable cause) {
        super(sentence, cause);
        this.full = false;
    }

    private IpamFailed(RangeSet set) {
        super("no IP addresses available in range set: " + set);
        this.full = true;
    }

    /** All addresses of a set are in use. */
    static IpamFailed full(RangeSet set) {
        return new IpamFailed(set);
    }

    /** Whether it failed because all addresses are in use: some that leaked may be given back. */
    public boolean isFull() {
        return full;
    }
}
