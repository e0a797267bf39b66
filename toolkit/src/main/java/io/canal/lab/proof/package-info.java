/**
 * Whether pods really reach each other: packets between network namespaces, sent and counted from outside, whatever agent, charm and
 * files say.
 */
@NullMarked
package io.canal.lab.proof;

import org.jspecify.annotations.NullMarked;
