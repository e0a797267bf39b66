package io.canal.text;

import java.math.BigDecimal;

/** Floating point numbers as Go prints them: the shortest digits that give the same number back. */
public final class GoNumber {

    private GoNumber() {}

    /** As goyaml: {@code strconv.FormatFloat(f, 'g', -1, 64)}, such as 1e+21, 3e+11, 1, 0.5. */
    public static String yaml(double number) {
        return print(number, -4, 6);
    }

    /** As encoding/json: an exponent below 1e-6 and from 1e21. */
    static String json(double number) {
        return print(number, -6, 21);
    }

    private static String print(double number, int least, int most) {
        if (number == 0) {
            return "0";
        }
        BigDecimal decimal = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        int exponent = decimal.precision() - decimal.scale() - 1;
        return exponent < least || exponent >= most ? scientific(decimal, exponent) : decimal.toPlainString();
    }

    private static String scientific(BigDecimal decimal, int exponent) {
        String digits = decimal.unscaledValue().abs().toString();
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        int size = Math.abs(exponent);
        return (decimal.signum() < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+")
                + (size < 10 ? "0" + size : Integer.toString(size));
    }
}
