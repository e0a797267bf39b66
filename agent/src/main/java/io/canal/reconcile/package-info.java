/**
 * The one idea of the agent: desired state, compared with observed state, gives a minimal change.
 *
 * <p>Tables, the difference of two states, the loop that applies, and the clock. No domain word and no I/O comes in.
 */
@NullMarked
package io.canal.reconcile;

import org.jspecify.annotations.NullMarked;
