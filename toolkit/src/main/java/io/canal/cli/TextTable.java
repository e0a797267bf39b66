package io.canal.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A table of text as Juju prints it: two blanks between columns, numbers to the right, the last column as long as it is. */
final class TextTable {

    private final List<List<String>> rows = new ArrayList<>();
    private final Set<Integer> right = new HashSet<>();

    TextTable(String... titles) {
        rows.add(List.of(titles));
    }

    /** Aligns a column to the right. */
    TextTable right(int column) {
        right.add(column);
        return this;
    }

    TextTable row(String... cells) {
        rows.add(List.of(cells));
        return this;
    }

    boolean isEmpty() {
        return rows.size() == 1;
    }

    @Override
    public String toString() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).codePointCount(0, row.get(i).length()));
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                String cell = row.get(i);
                String pad = " ".repeat(widths[i] - cell.codePointCount(0, cell.length()));
                boolean last = i == columns - 1;
                text.append(right.contains(i) ? pad + cell : last ? cell : cell + pad).append(last ? "" : "  ");
            }
            text.append('\n');
        }
        return text.toString();
    }
}
