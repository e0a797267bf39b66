/**
 * The node's files and the one class that writes them, {@link io.canal.dataplane.file.NodeFiles}; the stage that keeps them as
 * wanted; the watch that notices other writers.
 *
 * <p>May use {@code reconcile}, {@code kernel.libc}, {@code files}, {@code model}. What the files say is decided in {@code files}.
 */
@NullMarked
package io.canal.dataplane.file;

import org.jspecify.annotations.NullMarked;
