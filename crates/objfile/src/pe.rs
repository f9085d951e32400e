//! Reader in the making.

use crate::{Binary, ObjError, read::Source};

pub(crate) fn inspect(source: Source<'_>) -> Result<Binary, ObjError> {
    Err(ObjError::Unrecognized { magic: source.up_to(0, 16)? })
}
