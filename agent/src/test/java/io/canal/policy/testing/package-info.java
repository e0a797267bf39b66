/** Recorded policies and verdicts, and generated ones, for the tests of everything that enforces policy. */
@NullMarked
package io.canal.policy.testing;

import org.jspecify.annotations.NullMarked;
