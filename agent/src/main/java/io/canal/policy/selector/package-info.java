/**
 * Calico's selectors: expressions over labels, their text, and what they match.
 *
 * <p>Pure. May use {@code model}.
 */
@NullMarked
package io.canal.policy.selector;

import org.jspecify.annotations.NullMarked;
