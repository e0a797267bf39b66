package io.canal.ruleset;

/** How a rule is known as ours among foreign ones in iptables. */
public enum Signature {
    /** By Felix's hash tag, {@code cali:…}, in a comment of its own. */
    TAG,
    /** By its exact text, which ends with its comment, as flanneld writes it. */
    TEXT
}
