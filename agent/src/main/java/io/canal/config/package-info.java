/**
 * What an operator may say: the options of the charm, and {@code agent.yaml}, in which the charm passes them on to the agent.
 *
 * <p>Pure, and shared by agent, charm and command line: a value is refused in the same words wherever it is read. May use
 * {@code model}. No file is read or written here.
 */
@NullMarked
package io.canal.config;

import org.jspecify.annotations.NullMarked;
