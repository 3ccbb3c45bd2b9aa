//! The one thing that must be true in an XMP packet: that the picture is upright.

/// Sets `tiff:Orientation` to 1 wherever it stands, as an attribute or as an element. Every value is one digit, so nothing moves.
pub(crate) fn make_upright(packet: &mut [u8]) {
    const NAME: &[u8] = b"tiff:Orientation";
    let mut from = 0;
    while let Some(found) = packet.get(from..).and_then(|rest| rest.windows(NAME.len()).position(|part| part == NAME)) {
        from += found + NAME.len();
        // `="6"`, `='6'` or `>6<`, with blanks where XML allows them.
        let Some(digit) = packet[from..]
            .iter()
            .position(|byte| !matches!(byte, b'=' | b'"' | b'\'' | b'>' | b' ' | b'\t' | b'\r' | b'\n'))
        else {
            return;
        };
        if let Some(byte @ b'2'..=b'8') = packet.get_mut(from + digit) {
            *byte = b'1';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::make_upright;

    fn check(before: &str, after: &str) {
        let mut packet = before.as_bytes().to_vec();
        make_upright(&mut packet);
        assert_eq!(String::from_utf8_lossy(&packet), after);
    }

    #[test]
    fn orientation_becomes_1_wherever_it_stands() {
        check(r#"<a tiff:Orientation="6" b="6"/>"#, r#"<a tiff:Orientation="1" b="6"/>"#);
        check("<tiff:Orientation> 8 </tiff:Orientation>", "<tiff:Orientation> 1 </tiff:Orientation>");
        check("tiff:Orientation='3' tiff:Orientation='1'", "tiff:Orientation='1' tiff:Orientation='1'");
        check("exif:Orientation=\"6\"", "exif:Orientation=\"6\"");
        check("tiff:Orientation=\"", "tiff:Orientation=\"");
        check("tiff:Orientation", "tiff:Orientation");
    }
}
