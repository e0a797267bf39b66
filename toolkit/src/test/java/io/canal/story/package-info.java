/**
 * The whole system as its users meet it: the command line, systemd hosts, real hooks, packets between pods. The classes
 * come in the order of their numbers and share a lab where they can, which the first of them brings up.
 */
package io.canal.story;
