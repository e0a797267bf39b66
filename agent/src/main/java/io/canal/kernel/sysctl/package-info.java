/**
 * System controls: the files below {@code /proc/sys}.
 *
 * <p>Mechanism only: which are set, and to what, is decided elsewhere.
 */
@NullMarked
package io.canal.kernel.sysctl;

import org.jspecify.annotations.NullMarked;
