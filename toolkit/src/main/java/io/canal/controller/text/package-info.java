/**
 * Documents printed as Juju's Go programs print them: YAML of its go-yaml fork, JSON of encoding/json, and its "smart" format.
 *
 * <p>Pure. Knows no charm and no model.
 */
@NullMarked
package io.canal.controller.text;

import org.jspecify.annotations.NullMarked;
