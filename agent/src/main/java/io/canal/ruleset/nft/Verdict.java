package io.canal.ruleset.nft;

/** What a rule or a map's element decides; {@code chain} is empty except for jump and goto. */
public record Verdict(int code, String chain) {

    public static final int DROP_CODE = 0;
    public static final int ACCEPT_CODE = 1;
    public static final int CONTINUE_CODE = -1;
    public static final int BREAK_CODE = -2;
    public static final int JUMP_CODE = -3;
    public static final int GOTO_CODE = -4;
    public static final int RETURN_CODE = -5;

    public static final Verdict DROP = new Verdict(DROP_CODE, "");
    public static final Verdict ACCEPT = new Verdict(ACCEPT_CODE, "");
    public static final Verdict RETURN = new Verdict(RETURN_CODE, "");

    public static Verdict jump(String chain) {
        return new Verdict(JUMP_CODE, chain);
    }

    public static Verdict go(String chain) {
        return new Verdict(GOTO_CODE, chain);
    }
}
