package io.canal.ipam;

/** No address could be given or released; the message is a sentence. */
public final class IpamFailed extends Exception {

    private static final long serialVersionUID = 1;

    public IpamFailed(String sentence) {
        super(sentence);
    }

    public IpamFailed(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
