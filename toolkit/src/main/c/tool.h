#ifndef CANAL_TOOL_H
#define CANAL_TOOL_H

/* Runs as the hook tool of that name: asks the unit's agent, which is canal-unit --serve, and does what it is told. */
int tool_main(const char *name, int argc, char **argv);

#endif
