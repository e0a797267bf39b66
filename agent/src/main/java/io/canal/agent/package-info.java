/**
 * The node agent's wiring and life: start and end, configuration, sources, control operations, health, metrics, what it keeps on
 * disk. May use every other room; none may use this one. No calculation and no kernel mechanism lives here.
 */
@NullMarked
package io.canal.agent;

import org.jspecify.annotations.NullMarked;
