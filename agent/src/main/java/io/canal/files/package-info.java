/**
 * What a node's files say: {@code subnet.env} and {@code 10-canal.conflist}, rendered from templates and parsed back.
 *
 * <p>Pure: templates come in as text, files go out as text. May use {@code model}. Who writes them is in {@code dataplane.file}.
 */
@NullMarked
package io.canal.files;

import org.jspecify.annotations.NullMarked;
