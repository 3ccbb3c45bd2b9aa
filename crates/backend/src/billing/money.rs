//! Amounts of money for people.

/// Currencies without smaller units, and those with a thousand; all others have a hundred (ISO 4217).
const WHOLE: &[&str] =
    &["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];
const THOUSANDTHS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// Such as `USD 5.00`.
pub fn shown(minor: i64, currency: &str) -> String {
    let digits = if WHOLE.contains(&currency) {
        0
    } else if THOUSANDTHS.contains(&currency) {
        3
    } else {
        2
    };
    let name = currency.to_uppercase();
    let sign = if minor < 0 { "-" } else { "" };
    let unit = 10_u64.pow(digits);
    let (whole, part) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    match digits {
        0 => format!("{name} {sign}{whole}"),
        _ => format!("{name} {sign}{whole}.{part:0width$}", width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn le7_units_of_currencies() {
        for (minor, currency, expected) in [
            (500, "usd", "USD 5.00"),
            (5, "eur", "EUR 0.05"),
            (500, "jpy", "JPY 500"),
            (1234, "kwd", "KWD 1.234"),
            (-250, "usd", "USD -2.50"),
            (i64::MAX, "usd", "USD 92233720368547758.07"),
        ] {
            assert_eq!(shown(minor, currency), expected);
        }
    }
}
