/**
 * Wire objects as records, each with its parsing and its writing beside it, and the addresses that they are made of.
 *
 * <p>Pure: no I/O, no clock, nothing of any other room.
 */
@NullMarked
package io.canal.model;

import org.jspecify.annotations.NullMarked;
