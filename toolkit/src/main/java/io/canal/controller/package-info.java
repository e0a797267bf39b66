/**
 * A controller for places without Juju: it keeps a model, decides which hook of which unit runs next, runs it on the unit's
 * host over SSH with Juju's environment and hook tools, and commits what the hook wrote only when it exits 0.
 *
 * <p>{@link io.canal.controller.Model} is the way in. The decisions ({@code Resolver}, {@code Commit}) are pure functions of
 * the state; hosts are touched by {@code HostSession} and {@code UnitRunner} alone. There is no resident process: a command
 * runs what it set off, and ends. Nothing here knows what the charm canal does.
 */
@NullMarked
package io.canal.controller;

import org.jspecify.annotations.NullMarked;
