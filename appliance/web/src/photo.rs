//! Photos of parts: what they may be is read from their bytes.

use axum::http::StatusCode;

use crate::problem::Refusal;
use crate::station::Photo;

/// Bytes of a photo.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

/// Makes a photo of bytes that begin like one.
pub(crate) fn check(bytes: Vec<u8>) -> Result<Photo, Refusal> {
    if bytes.len() > LARGEST {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "photo_too_large",
            "a photo has 4 MB at most",
        ));
    }
    let media_type = match bytes.as_slice() {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        _ => {
            return Err(Refusal::nonsense(
                "photo",
                "is not a JPEG, PNG or WebP picture",
            ));
        }
    };
    Ok(Photo { media_type, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_from_pages() {
        assert_eq!(
            check(b"\xff\xd8\xff\xe0rest".to_vec()).unwrap().media_type,
            "image/jpeg"
        );
        assert_eq!(
            check(b"RIFF0000WEBPVP8 ".to_vec()).unwrap().media_type,
            "image/webp"
        );
        assert!(check(b"<svg onload=alert(1)>".to_vec()).is_err());
        assert!(check(Vec::new()).is_err());
        assert!(check([b"\xff\xd8\xff".as_slice(), &vec![0; LARGEST]].concat()).is_err());
    }
}
