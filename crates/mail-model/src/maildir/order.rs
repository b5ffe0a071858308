//! The orders in which servers number messages that they meet for the first time.

use std::cmp::Ordering;

/// A run of digits compared by value, whatever its length.
fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let a = &a[a.iter().position(|byte| *byte != b'0').unwrap_or(a.len())..];
    let b = &b[b.iter().position(|byte| *byte != b'0').unwrap_or(b.len())..];
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn split_digits(name: &[u8]) -> (&[u8], &[u8]) {
    let end = name.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(name.len());
    name.split_at(end)
}

/// The digits after the first `M` of the part between the first two dots.
fn microseconds(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b".")?;
    let end = rest.iter().position(|byte| matches!(byte, b'.' | b':')).unwrap_or(rest.len());
    let at = rest[..end].iter().position(|byte| *byte == b'M')?;
    Some(split_digits(&rest[at + 1..]).0)
}

/// Bytes as C's signed `char` on the machines these servers run on: 8-bit bytes sort first.
fn signed(byte: Option<&u8>) -> i8 {
    byte.map_or(0, |byte| byte.cast_signed())
}

/// Compares file names (with or without their flags) in the order in which Dovecot gives UIDs
/// to files it has no record of: leading number, then `M<microseconds>` when both have it, then
/// bytes; as read in and observed on Dovecot 2.3.19.1.
///
/// One departure: Dovecot takes the difference of the leading numbers as a 32-bit integer, so
/// names more than 2^31 seconds apart come out in an accidental order there; here they are
/// compared by value.
///
/// It is not a total order when some names of one second have microseconds and some do not; sort
/// with [`sort_as_dovecot`], which bears that.
pub fn dovecot_order(a: &[u8], b: &[u8]) -> Ordering {
    let (seconds_a, rest_a) = split_digits(a);
    let (seconds_b, rest_b) = split_digits(b);
    let by_second = compare_digits(seconds_a, seconds_b);
    if by_second != Ordering::Equal {
        return by_second;
    }
    if let (Some(a), Some(b)) = (microseconds(rest_a), microseconds(rest_b)) {
        let by_microsecond = compare_digits(a, b);
        if by_microsecond != Ordering::Equal {
            return by_microsecond;
        }
    }
    let ends = |byte: Option<&u8>| matches!(byte, None | Some(b':'));
    let mut at = 0;
    while rest_a.get(at) == rest_b.get(at) && !ends(rest_a.get(at)) {
        at += 1;
    }
    let (a, b) = (rest_a.get(at), rest_b.get(at));
    if ends(a) && ends(b) { Ordering::Equal } else { signed(a).cmp(&signed(b)) }
}

/// Sorts items by their file names in [`dovecot_order`].
///
/// A merge sort of our own, because the standard library's may panic on an order that is not
/// total, and names from an archive can be chosen to be such. Names are put into byte order first:
/// where the order leaves two names equal or goes round in a circle, the outcome still depends on
/// the names alone and not on the order in which they came.
pub fn sort_as_dovecot<T: Copy>(items: &mut Vec<T>, name: impl Fn(T) -> Vec<u8>) {
    let mut named: Vec<(Vec<u8>, T)> = items.iter().map(|item| (name(*item), *item)).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let mut order: Vec<usize> = (0..named.len()).collect();
    let mut merged = Vec::with_capacity(order.len());
    let mut width = 1;
    while width < order.len() {
        merged.clear();
        for run in order.chunks(width * 2) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let ([a, ..], [b, ..]) = (left, right) {
                if dovecot_order(&named[*a].0, &named[*b].0) == Ordering::Greater {
                    merged.push(*b);
                    right = &right[1..];
                } else {
                    merged.push(*a);
                    left = &left[1..];
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    *items = order.into_iter().map(|index| named[index].1).collect();
}

/// Compares file names in the order in which Courier's POP3 server lists messages: the number
/// that C's `atol` reads from the name, then the bytes up to a colon; as read in the source of
/// courierpop3d of 2013 and 2021.
pub fn courier_order(a: &[u8], b: &[u8]) -> Ordering {
    let by_number = leading_number(a).cmp(&leading_number(b));
    if by_number != Ordering::Equal {
        return by_number;
    }
    let mut at = 0;
    loop {
        match (a.get(at), b.get(at)) {
            (None, None) | (Some(b':'), Some(b':')) => return Ordering::Equal,
            (a, b) if a == b => at += 1,
            (a, b) => return signed(a).cmp(&signed(b)),
        }
    }
}

/// `atol`: white space, a sign, digits; clamped like glibc does on 64 bits.
fn leading_number(name: &[u8]) -> i64 {
    let start =
        name.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).unwrap_or(name.len());
    let signed = &name[start..];
    let negative = signed.starts_with(b"-");
    let digits = signed.strip_prefix(b"-").or(signed.strip_prefix(b"+")).unwrap_or(signed);
    split_digits(digits).0.iter().fold(0i64, |sum, digit| {
        let digit = i64::from(digit - b'0');
        sum.saturating_mul(10).saturating_add(if negative { -digit } else { digit })
    })
}
