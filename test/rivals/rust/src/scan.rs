//! A scanner for `{"timestamp":1764000000,"value":53.214,"category":"B"}`, fields in this order and without spaces.

pub struct Measurement<'a> {
    pub timestamp: i64,
    pub value: f64,
    pub category: &'a [u8],
}

pub fn measurement(b: &[u8]) -> Option<Measurement<'_>> {
    let b = b.strip_prefix(br#"{"timestamp":"#)?;
    let digits = b.iter().take_while(|c| c.is_ascii_digit()).count();
    let timestamp = b[..digits].iter().fold(0, |n, c| n * 10 + i64::from(c - b'0'));
    let b = b[digits..].strip_prefix(br#","value":"#)?;
    let (value, length) = number(b)?;
    let category = b[length..].strip_prefix(br#","category":""#)?.strip_suffix(br#""}"#)?;
    Some(Measurement { timestamp, value, category })
}

const POWERS: [f64; 16] = [1., 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Short decimals by hand, for a quotient of two numbers that an f64 holds exactly is rounded once; others by the library.
fn number(b: &[u8]) -> Option<(f64, usize)> {
    let (mut digits, mut point, mut end) = (0u64, None, 0);
    while let Some(&c) = b.get(end) {
        match c {
            b'0'..=b'9' => digits = digits.wrapping_mul(10).wrapping_add(u64::from(c - b'0')),
            b'.' if point.is_none() => point = Some(end),
            _ => break,
        }
        end += 1;
    }
    let behind = point.map_or(0, |p| end - p - 1);
    if (1..=17).contains(&end) && digits < 1 << 53 && behind < POWERS.len() && b.get(end) == Some(&b',') {
        return Some((digits as f64 / POWERS[behind], end));
    }
    let end = b.iter().position(|&c| c == b',')?;
    Some((std::str::from_utf8(&b[..end]).ok()?.parse().ok()?, end))
}
