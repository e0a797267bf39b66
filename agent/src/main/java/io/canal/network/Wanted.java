package io.canal.network;

/** Takes the changes of a desired state. */
public interface Wanted<K, V> {

    /** The object should be so. */
    void want(K key, V value);

    /** The object should not be. */
    void unwant(K key);
}
