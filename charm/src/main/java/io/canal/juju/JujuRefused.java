package io.canal.juju;

/** Juju did not do what a hook tool asked; the message names the call and Juju's own words. */
public final class JujuRefused extends RuntimeException {

    private static final long serialVersionUID = 1;

    public JujuRefused(String message) {
        super(message);
    }
}
