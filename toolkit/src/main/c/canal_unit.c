/* canal-unit: what the toolkit puts on a host. One program, three roles:
 *   canal-unit --serve     runs hooks for a controller that is at the other end of standard input and output
 *   as juju-exec           passes a nudge on to the controller
 *   as any other name      a hook tool, such as config-get, by a symbolic link of that name
 */
#include "juju_exec.h"
#include "serve.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "";
    if (strcmp(name, "juju-exec") == 0) {
        return juju_exec_main(argc, argv);
    }
    if (strcmp(name, "canal-unit") != 0) {
        return tool_main(name, argc, argv);
    }
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) {
        return serve_main();
    }
    fprintf(stderr, "usage: canal-unit --serve, or a hook tool's name as a link to it\n");
    return 2;
}
