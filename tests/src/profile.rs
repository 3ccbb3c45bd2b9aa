//! A colour profile that can be recognised by its name and is nobody's.

/// An RGB matrix profile, version 2.2, called "Journey Wide RGB", with Display P3's primaries and a gamma of 2.2.
#[must_use]
pub fn wide() -> Vec<u8> {
    let curve = [&b"curv\0\0\0\0\0\0\0\x01"[..], &563_u16.to_be_bytes(), &[0, 0]].concat();
    let tags: Vec<(&[u8; 4], Vec<u8>)> = vec![
        (b"desc", description("Journey Wide RGB")),
        (b"cprt", [&b"text\0\0\0\0"[..], b"no rights reserved\0"].concat()),
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
        (b"rXYZ", xyz(0.5151, 0.2412, -0.0011)),
        (b"gXYZ", xyz(0.2919, 0.6922, 0.0419)),
        (b"bXYZ", xyz(0.1572, 0.0666, 0.7841)),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let start = 128 + 4 + 12 * tags.len();
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    for (name, content) in &tags {
        table.extend(*name);
        table.extend(((start + data.len()) as u32).to_be_bytes());
        table.extend((content.len() as u32).to_be_bytes());
        data.extend(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = vec![0; 128];
    header[0..4].copy_from_slice(&((start + data.len()) as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[2, 0x20, 0, 0]);
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&xyz(0.9642, 1.0, 0.8249)[8..]);
    [header, table, data].concat()
}

fn xyz(x: f64, y: f64, z: f64) -> Vec<u8> {
    let fixed = |value: f64| ((value * 65536.0).round() as i32).to_be_bytes();
    [&b"XYZ \0\0\0\0"[..], &fixed(x), &fixed(y), &fixed(z)].concat()
}

fn description(name: &str) -> Vec<u8> {
    let mut data = b"desc\0\0\0\0".to_vec();
    data.extend((name.len() as u32 + 1).to_be_bytes());
    data.extend(name.as_bytes());
    data.extend([0; 1 + 8 + 3 + 67]);
    data
}
