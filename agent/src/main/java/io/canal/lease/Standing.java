package io.canal.lease;

/** How things stand between the node and its subnet. */
public enum Standing {
    /** There is no subnet yet; the problems say what is waited for. */
    WAITING,
    /** The subnet is ours, by lease and holder. */
    HELD,
    /** The subnet of our last life, taken from disk while etcd is away. */
    REMEMBERED,
    /** Somebody else has the subnet, or a part of it. It is not used for new pods; running ones keep their routes. */
    STOLEN,
    /** Whose the subnet is cannot be read in etcd. It is treated as a stolen one, but nothing says that anybody took it. */
    UNREADABLE,
    /** This node must not take part: it is a clone of another, or has another's name or MAC. */
    BLOCKED,
    /** The node has given its subnet back. */
    LEFT
}
