package io.canal.lease;

import java.util.Optional;

/**
 * A key of the store as it was read.
 *
 * @param value empty where the text could not be read; the key is taken all the same
 * @param lease the store's lease that it hangs on; 0 where none
 */
public record Row<T>(Optional<T> value, long modRevision, long lease) {}
