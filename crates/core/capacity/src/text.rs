//! Sizes as text.

/// A size in powers of ten, as disks are sold, with two digits: more than the model knows.
#[must_use]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut rest, mut scale) = (u128::from(number), 1_u128);
    let mut last = "B";
    for unit in UNITS {
        last = unit;
        if rest < 1_000 {
            break;
        }
        if unit != "PB" {
            (rest, scale) = (rest / 1_000, scale * 1_000);
        }
    }
    let tenths = u128::from(number) * 10 / scale;
    match tenths {
        100.. => format!("{} {last}", (tenths + 5) / 10),
        _ if tenths % 10 == 0 => format!("{} {last}", tenths / 10),
        _ => format!("{}.{} {last}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let shown = [0, 999, 1_000, 1_540, 30_000_000, 12_340_000_000_000, 5_600_000_000_000_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1 kB", "1.5 kB", "30 MB", "12 TB", "5.6 PB"]);
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }
}
