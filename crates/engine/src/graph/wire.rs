//! Fields of protocol buffers, one after the other. What a field means is not known here.
//!
//! No length that is read is believed: every piece is a slice of the bytes at hand, nothing is copied, and each step comes nearer to the end.

/// One field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: Value<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// Text, packed numbers or fields again.
    Bytes(&'a [u8]),
    /// 4 or 8 bytes that nobody here asks about.
    Fixed,
}

/// The bytes are no fields from some place on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Broken;

impl<'a> Field<'a> {
    pub(super) fn bytes(&self) -> Result<&'a [u8], Broken> {
        if let Value::Bytes(bytes) = self.value { Ok(bytes) } else { Err(Broken) }
    }

    pub(super) fn text(&self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Broken)
    }

    pub(super) fn number(&self) -> Result<u64, Broken> {
        if let Value::Number(number) = self.value { Ok(number) } else { Err(Broken) }
    }
}

/// The fields of a message.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Broken)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or(Broken)?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken)
    }

    fn field(&mut self) -> Result<Field<'a>, Broken> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Broken),
        };
        if key >> 3 == 0 { Err(Broken) } else { Ok(Field { number: key >> 3, value }) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl From<Broken> for String {
    fn from(_: Broken) -> Self {
        "it is no ONNX model, or a broken one.".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<Field<'_>>, Broken> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn fields_of_each_kind() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        let fields = read(&bytes).unwrap();
        assert_eq!(fields[0], Field { number: 1, value: Value::Number(150) });
        assert_eq!((fields[1].number, fields[1].text()), (2, Ok("hi")));
        assert_eq!(
            fields[2..].iter().map(|field| (field.number, field.value)).collect::<Vec<_>>(),
            [(3, Value::Fixed), (4, Value::Fixed)]
        );
        assert_eq!((fields[0].bytes(), fields[1].number()), (Err(Broken), Err(Broken)));
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn lengths_are_not_believed() {
        // A piece longer than the file, longer than memory, a number without an end, a kind that is none, a field without a number.
        for bytes in [
            &[0x12, 3, 0, 0][..],
            &[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            &[0x08, 0x80],
            &[0x80; 40],
            &[0x0B, 0],
            &[0x0F, 0],
            &[0x00, 0],
            &[0x1D, 1, 2, 3],
        ] {
            assert_eq!(read(bytes), Err(Broken), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let pieces = Fields::of(&bytes).count();
            prop_assert!(pieces <= bytes.len());
        }
    }
}
