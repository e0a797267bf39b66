package io.canal.kernel.nftables;

/** Numbers of linux/netfilter/nfnetlink.h and nf_tables.h. */
final class Nf {

    static final int SUBSYSTEM = 10;
    static final int MULTICAST_GROUP = 7;
    static final int FAMILY_INET = 1;
    static final int BATCH_BEGIN = 0x10;
    static final int BATCH_END = 0x11;

    static final int NEWTABLE = 0;
    static final int GETTABLE = 1;
    static final int DELTABLE = 2;
    static final int NEWCHAIN = 3;
    static final int GETCHAIN = 4;
    static final int DELCHAIN = 5;
    static final int NEWRULE = 6;
    static final int GETRULE = 7;
    static final int DELRULE = 8;
    static final int NEWSET = 9;
    static final int GETSET = 10;
    static final int DELSET = 11;
    static final int NEWSETELEM = 12;
    static final int GETSETELEM = 13;
    static final int DELSETELEM = 14;
    static final int NEWGEN = 15;
    static final int GETGEN = 16;

    /** struct nfgenmsg: family, version, resource id. */
    static final int HEADER = 4;

    static final int TABLE_NAME = 1;
    static final int TABLE_USERDATA = 6;

    static final int CHAIN_TABLE = 1;
    static final int CHAIN_NAME = 3;
    static final int CHAIN_HOOK = 4;
    static final int CHAIN_POLICY = 5;
    static final int CHAIN_TYPE = 7;
    static final int HOOK_HOOKNUM = 1;
    static final int HOOK_PRIORITY = 2;

    static final int RULE_TABLE = 1;
    static final int RULE_CHAIN = 2;
    static final int RULE_EXPRESSIONS = 4;
    static final int RULE_USERDATA = 7;

    static final int SET_TABLE = 1;
    static final int SET_NAME = 2;
    static final int SET_FLAGS = 3;
    static final int SET_KEY_TYPE = 4;
    static final int SET_KEY_LEN = 5;
    static final int SET_DATA_TYPE = 6;
    static final int SET_ID = 10;
    static final int SET_USERDATA = 13;

    static final int SET_INTERVAL = 4;
    static final int SET_MAP = 8;
    static final int DATA_VERDICT = 0xffffff00;

    static final int ELEMENTS_TABLE = 1;
    static final int ELEMENTS_SET = 2;
    static final int ELEMENTS_LIST = 3;
    static final int LIST_ELEM = 1;
    static final int ELEMENT_KEY = 1;
    static final int ELEMENT_DATA = 2;
    static final int ELEMENT_FLAGS = 3;
    static final int ELEMENT_INTERVAL_END = 1;

    static final int GEN_ID = 1;

    private Nf() {}

    static int type(int command) {
        return SUBSYSTEM << 8 | command;
    }
}
