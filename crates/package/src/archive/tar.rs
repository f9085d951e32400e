//! Members as a tar stream.

use super::feed::Feed;
use super::{Member, Source};
use crate::PackageError;
use goferry_tar::{END, Header, Kind, padding};
use std::io::Write;

/// Writes all members and the end mark.
pub(super) fn write(members: &[Member], feed: &mut Feed, sink: &mut dyn Write) -> Result<(), PackageError> {
    for member in members {
        write_member(member, feed, sink)?;
    }
    sink.write_all(&END).map_err(PackageError::io("write", feed.archive()))
}

/// Writes one member: header, content, padding.
pub(super) fn write_member(
    member: &Member,
    feed: &mut Feed,
    sink: &mut dyn Write,
) -> Result<(), PackageError> {
    let content = feed.open(member)?;
    let size = content.size();
    let header = header(member, size, feed.mtime(member));
    sink.write_all(&header.blocks()).map_err(PackageError::io("write", feed.archive()))?;
    feed.pour(member, content, sink)?;
    sink.write_all(padding(size)).map_err(PackageError::io("write", feed.archive()))
}

fn header(member: &Member, size: u64, mtime: i64) -> Header {
    let (kind, link) = match &member.source {
        Source::File(_) | Source::Bytes(_) => (Kind::File, ""),
        Source::Symlink(text) => (Kind::Symlink, text.as_str()),
        Source::Directory => (Kind::Directory, ""),
    };
    Header {
        name: member.name.clone(),
        kind,
        link: link.to_owned(),
        mode: member.mode,
        uid: member.uid,
        gid: member.gid,
        owner: member.owner.clone(),
        group: member.group.clone(),
        size,
        mtime,
        ..Header::default()
    }
}
