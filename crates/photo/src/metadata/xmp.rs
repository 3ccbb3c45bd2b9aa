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
