package io.canal.lease;

/** Our session key in the store. */
record Session(long revision, long lease, long renewAtNanos) {

    Session renewed(long renewAt) {
        return new Session(revision, lease, renewAt);
    }
}
