//! The elements of an array, one after another, without the array: whoever takes them decides what is kept.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Why a walk ended early.
#[derive(Debug)]
pub enum EachError<E> {
    /// An element, or the array, isn't what it should be.
    Json(serde_json::Error),
    /// Whoever takes the elements stopped it.
    Stopped(E),
}

/// Gives every element of `array` to `take`, which may stop the walk.
///
/// # Errors
/// When `array` is no array of such elements, or `take` fails.
pub fn each<'a, T: Deserialize<'a>, E>(
    array: &'a RawValue,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), EachError<E>> {
    let mut stopped = None;
    let walk = Walk { take, stopped: &mut stopped, element: PhantomData };
    let outcome = walk.deserialize(&mut serde_json::Deserializer::from_str(array.get()));
    match (stopped, outcome) {
        (Some(error), _) => Err(EachError::Stopped(error)),
        (None, Err(error)) => Err(EachError::Json(error)),
        (None, Ok(())) => Ok(()),
    }
}

struct Walk<'s, T, E, F> {
    take: F,
    stopped: &'s mut Option<E>,
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, E, F: FnMut(T) -> Result<(), E>> DeserializeSeed<'de> for Walk<'_, T, E, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, E, F: FnMut(T) -> Result<(), E>> Visitor<'de> for Walk<'_, T, E, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element()? {
            if let Err(error) = (self.take)(element) {
                *self.stopped = Some(error);
                // Only to end the walk: the caller sees what is in `stopped`.
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
