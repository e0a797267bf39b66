package io.canal.controller.charm;

/**
 * One entry of a charm's archive.
 *
 * @param name path from the charm's root, without a slash at either end
 * @param mode permission bits, as expansion gives them
 * @param kind file, folder or symbolic link
 * @param modified seconds since 1970
 */
record Member(String name, int mode, Kind kind, long modified) {

    enum Kind {
        FILE,
        FOLDER,
        LINK
    }
}
