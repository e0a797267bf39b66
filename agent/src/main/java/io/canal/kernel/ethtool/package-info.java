/**
 * Features of network devices, as ethtool(8) shows and sets them.
 */
@NullMarked
package io.canal.kernel.ethtool;

import org.jspecify.annotations.NullMarked;
