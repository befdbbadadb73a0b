//! Sizes and durations as a manifest writes them.

use std::time::Duration;

use super::schema::{GIB, KIB, MIB};

/// Why a text is no size or duration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// What is wrong, as the end of a sentence.
    pub reason: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

const SIZES: &[(&str, u64)] = &[("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];
const DURATIONS: &[(&str, u64)] = &[("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads `512B`, `4KiB`, `64MiB`, `1GiB`. A size too large for 64 bits becomes the greatest one.
pub(super) fn parse_size(text: &str) -> Result<u64, Mistake> {
    parse(text, SIZES, |unit| {
        Some(match unit.to_ascii_lowercase().as_str() {
            "b" | "byte" | "bytes" => "B",
            "k" | "kb" | "kib" => "KiB",
            "m" | "mb" | "mib" => "MiB",
            "g" | "gb" | "gib" => "GiB",
            _ => return None,
        })
    })
}

/// Reads `250ms`, `5s`, `2m`, `1h`. A duration too long for 64 bits of milliseconds becomes the
/// longest one.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Mistake> {
    parse(text, DURATIONS, |unit| {
        Some(match unit.to_ascii_lowercase().as_str() {
            "ms" | "msec" | "millis" | "milliseconds" => "ms",
            "s" | "sec" | "secs" | "second" | "seconds" => "s",
            "m" | "min" | "mins" | "minute" | "minutes" => "m",
            "h" | "hr" | "hour" | "hours" => "h",
            _ => return None,
        })
    })
    .map(Duration::from_millis)
}

/// Writes a size in the largest unit that needs no fraction.
pub(crate) fn size(bytes: u64) -> String {
    write(bytes, SIZES)
}

/// Writes a duration in the largest unit that needs no fraction, to the millisecond.
pub(super) fn duration(duration: Duration) -> String {
    write(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), DURATIONS)
}

fn write(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |factor: u64| value != 0 && value.is_multiple_of(factor);
    match units.iter().find(|(_, factor)| fits(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", value / factor),
        None => format!("0{}", units.last().map_or("", |(unit, _)| unit)),
    }
}

fn parse(
    text: &str,
    units: &[(&'static str, u64)],
    meant: impl Fn(&str) -> Option<&'static str>,
) -> Result<u64, Mistake> {
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = trimmed.split_at(digits);
    let names = units.iter().rev().map(|(unit, _)| format!("`{unit}`")).collect::<Vec<_>>();
    if number.is_empty() || unit.starts_with(['.', ',', '_']) {
        return Err(Mistake {
            reason: format!("is not a whole number with one of the units {}", names.join(", ")),
            suggestion: None,
        });
    }
    if let Some((_, factor)) = units.iter().find(|(known, _)| *known == unit)
        && trimmed == text
    {
        let number: u64 = number.parse().unwrap_or(u64::MAX);
        return Ok(number.saturating_mul(*factor));
    }
    let unit = unit.trim();
    let suggestion = meant(unit).map(|unit| format!("{number}{unit}"));
    let reason = if unit.is_empty() {
        format!("lacks its unit, one of {}", names.join(", "))
    } else if suggestion.as_deref().is_some_and(|good| good.ends_with(unit)) {
        "has a blank in it".to_owned()
    } else {
        format!("has the unit `{unit}`, which is none of {}", names.join(", "))
    };
    Err(Mistake { reason, suggestion })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_unit() {
        assert_eq!(parse_size("512B"), Ok(512));
        assert_eq!(parse_size("4KiB"), Ok(4096));
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
    }

    #[test]
    fn huge_values_saturate() {
        assert_eq!(parse_size("99999999999999999999GiB"), Ok(u64::MAX));
        assert_eq!(parse_duration("99999999999999999h"), Ok(Duration::from_millis(u64::MAX)));
    }

    #[test]
    fn says_what_was_meant() {
        let meant = |text| parse_size(text).unwrap_err().suggestion;
        assert_eq!(meant("64MB").as_deref(), Some("64MiB"));
        assert_eq!(meant("64 MiB").as_deref(), Some("64MiB"));
        assert_eq!(meant(" 64MiB").as_deref(), Some("64MiB"));
        assert_eq!(meant("4k").as_deref(), Some("4KiB"));
        for nothing in ["", "64", "MiB", "-1KiB", "1.5GiB", "1_000B", "1TiB", "٣KiB"] {
            assert_eq!(meant(nothing), None, "{nothing}");
        }
        let meant = |text| parse_duration(text).unwrap_err().suggestion;
        assert_eq!(meant("5 seconds").as_deref(), Some("5s"));
        assert_eq!(meant("10min").as_deref(), Some("10m"));
        assert_eq!(meant("1d"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value: u64) {
            prop_assert_eq!(parse_size(&size(value)), Ok(value));
            let time = Duration::from_millis(value);
            prop_assert_eq!(parse_duration(&duration(time)), Ok(time));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (parse_size(&text), parse_duration(&text));
        }
    }
}
