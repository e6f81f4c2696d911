//! Values and answers of OPC UA.

use crate::error::Why;
use crate::profile::quantity::Kind;
use opcua::types::{StatusCode, Variant};

/// A number; a truth value counts as 0 or 1. None where it is none, or not finite.
pub(super) fn number(value: &Variant) -> Option<f64> {
    let number = match value {
        Variant::Boolean(v) => f64::from(u8::from(*v)),
        Variant::SByte(v) => f64::from(*v),
        Variant::Byte(v) => f64::from(*v),
        Variant::Int16(v) => f64::from(*v),
        Variant::UInt16(v) => f64::from(*v),
        Variant::Int32(v) => f64::from(*v),
        Variant::UInt32(v) => f64::from(*v),
        Variant::Int64(v) => *v as f64,
        Variant::UInt64(v) => *v as f64,
        Variant::Float(v) => f64::from(*v),
        Variant::Double(v) => *v,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A text; a number as its digits.
pub(super) fn text(value: &Variant) -> Option<String> {
    match value {
        Variant::String(v) => v.value().clone(),
        Variant::LocalizedText(v) => v.text.value().clone(),
        other => number(other).map(|v| v.to_string()),
    }
}

/// A truth value.
pub(super) fn flag(value: &Variant) -> Option<bool> {
    number(value).map(|v| v != 0.0)
}

/// A count.
pub(super) fn count(value: &Variant) -> Option<u64> {
    match value {
        Variant::UInt64(v) => Some(*v),
        other => number(other).filter(|v| *v >= 0.0).map(|v| v as u64),
    }
}

/// A raw number, already within the range of its type, as the type the controller asks for.
pub(super) fn variant(kind: Kind, raw: f64) -> Variant {
    match kind {
        Kind::Boolean => Variant::Boolean(raw != 0.0),
        Kind::Int16 => Variant::Int16(raw as i16),
        Kind::Uint16 => Variant::UInt16(raw as u16),
        Kind::Int32 => Variant::Int32(raw as i32),
        Kind::Uint32 => Variant::UInt32(raw as u32),
        Kind::Int64 => Variant::Int64(raw as i64),
        Kind::Uint64 => Variant::UInt64(raw as u64),
        Kind::Float => Variant::Float(raw as f32),
        Kind::Double => Variant::Double(raw),
    }
}

/// What the press says to a value.
pub(super) fn verdict(code: StatusCode) -> Result<(), Why> {
    if code.is_good() {
        return Ok(());
    }
    Err(match code.sub_code() {
        c if c == StatusCode::BadOutOfRange.sub_code() => Why::Range,
        c if c == StatusCode::BadTypeMismatch.sub_code() => Why::Type,
        c if c == StatusCode::BadUserAccessDenied.sub_code() => Why::Access,
        c if c == StatusCode::BadNotWritable.sub_code()
            || c == StatusCode::BadWriteNotSupported.sub_code() =>
        {
            Why::NotWritable
        }
        _ => Why::Other(code.to_string()),
    })
}
