//! Arrays as NumPy files, what vendor compilers read calibration sets from.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, version 1.0.

/// Rows of single precision.
pub fn floats(values: &[f32], columns: usize) -> Vec<u8> {
    let rows = values.len() / columns.max(1);
    let data = values.iter().flat_map(|v| v.to_le_bytes());
    file("<f4", &format!("({rows}, {columns})"), data)
}

/// One column of 64-bit integers.
pub fn integers(values: &[i64]) -> Vec<u8> {
    let data = values.iter().flat_map(|v| v.to_le_bytes());
    file("<i8", &format!("({},)", values.len()), data)
}

fn file(kind: &str, shape: &str, data: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic, version and length take 10 bytes; the data begin on a multiple of 64, after a newline.
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.extend(std::iter::repeat_n(' ', padded - header.len() - 1));
    header.push('\n');
    let length = u16::try_from(header.len()).expect("a header of a hundred characters");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_follows() {
        let bytes = floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
        assert_eq!(bytes.len(), 128 + 6 * 4);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = std::str::from_utf8(&bytes[10..128]).expect("ascii");
        assert!(header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
        assert!(header.ends_with('\n'));
        assert_eq!(bytes[128..132], 1.0_f32.to_le_bytes());
        assert_eq!(integers(&[7])[128..], 7_i64.to_le_bytes());
    }
}
