//! Names of files: their encoding, and their separators.

use super::fields::Fields;
use super::header::Header;

/// The upper half of the code page of the IBM PC, which is what a name is in when nothing else is
/// said.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
                             └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

const UTF8: u16 = 1 << 11;

/// The name with `/` between its parts, and whether its encoding had to be guessed.
///
/// Programs for Windows write `\`, which no name on Windows can hold, whatever system they claim
/// to have written for. On Unix a name may hold it: there it separates only where `/` does not, and
/// so it does where nothing tells the system.
pub(super) fn decode(header: &Header, fields: &Fields<'_>) -> (Vec<u8>, bool) {
    let (mut name, guessed) = text(header, fields);
    let may_be_unix = header.host.is_none() || header.is_unix();
    if may_be_unix && name.contains(&b'/') {
        return (name, guessed);
    }
    for byte in &mut name {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    (name, guessed)
}

fn text(header: &Header, fields: &Fields<'_>) -> (Vec<u8>, bool) {
    let raw = &header.raw_name;
    if let Some((checksum, name)) = fields.unicode_path
        && checksum == crc32(raw)
        && std::str::from_utf8(name).is_ok()
    {
        return (name.to_vec(), false);
    }
    let is_said = header.flags & UTF8 != 0 || header.is_unix();
    // Many programs write UTF-8 without saying so, and hardly a text in a code page looks like it.
    if is_said || std::str::from_utf8(raw).is_ok() {
        return (raw.clone(), false);
    }
    let mut name = String::with_capacity(raw.len() * 2);
    for byte in raw {
        let upper =
            byte.checked_sub(128).and_then(|index| CODE_PAGE_437.chars().nth(usize::from(index)));
        name.push(upper.unwrap_or(char::from(*byte)));
    }
    (name.into_bytes(), true)
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
