/**
 * Faults made by hand, as field reports tell of them: what some other program, a person or a crash does to a node's network.
 */
@NullMarked
package io.canal.lab.fault;

import org.jspecify.annotations.NullMarked;
