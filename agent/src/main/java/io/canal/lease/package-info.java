/**
 * Who holds which subnet: taking, keeping, losing and getting back, as a pure transition (state, event → state, commands), so that
 * every interleaving can be simulated.
 *
 * <p>May use {@code model}, and of {@code store} the plain data ({@code Txn}, {@code Entry}, {@code Listing}). No I/O, no clock, no
 * chance of its own: time and randomness are handed in. What carries the commands out lives in {@link io.canal.lease.keeper}.
 */
@NullMarked
package io.canal.lease;

import org.jspecify.annotations.NullMarked;
