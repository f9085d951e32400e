//! The index: all records of one source in one file, from which a scan reads a module's records by offset.
//!
//! ```text
//! 0   8   "GFVULN\0" and the format's number
//! 8   4   length of the head, little endian
//! 12  4   rows of the table
//! 16  32  SHA-256 of bytes 8 to 16, head and table
//! 48      head: JSON (Head)
//!         table: a row of 48 bytes for each module, sorted: first 16 bytes of the SHA-256 of its path in lower case, offset
//!         (8) and length (8) of its block from the beginning of the file, first 16 bytes of the block's SHA-256
//!         blocks: JSON, the path in lower case and the records of the modules of that name, with what they say of them
//! ```
//!
//! Owns: writing it whole or not at all, and reading it so that no damage can pass: what does not fit is an error.
//! Must not: know what is scanned.

use crate::ScanError;
use crate::osv::{Affected, Record};
use crate::source::{Contents, DateFrom, hex};
use goferry_objfile::{FileBytes, ReadAt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"GFVULN\0\x02";
const FIXED: u64 = 48;
const ROW: usize = 48;
/// A head is some hundred bytes; paths can be long.
const MAX_HEAD: u64 = 1 << 20;
const MAX_ROWS: u64 = 1 << 24;
const MAX_BLOCK: u64 = 1 << 30;

/// What an index says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The source's stamp when it was made.
    pub stamp: String,
    /// Seconds since 1970 that the records are of.
    pub date: i64,
    /// What says so.
    pub date_from: DateFrom,
    /// How many records there are, withdrawn ones included.
    pub records: u64,
    /// SHA-256 over the table, hexadecimal: equal for equal records, wherever they came from.
    pub digest: String,
}

/// An open index.
#[derive(Debug)]
pub struct Index {
    bytes: FileBytes,
    path: PathBuf,
    head: Head,
    table: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Block {
    module: String,
    records: Vec<Record>,
}

/// Makes the bytes of an index.
pub(crate) fn encode(contents: Contents, stamp: &str) -> Vec<u8> {
    let records = contents.records.len() as u64;
    let mut modules: BTreeMap<[u8; 16], Block> = BTreeMap::new();
    for record in contents.records {
        for module in modules_of(&record) {
            let own = |a: &&Affected| a.module.to_ascii_lowercase() == module;
            let affected = record.affected.iter().filter(own).cloned().collect();
            let part = Record { affected, ..record.clone() };
            let block = modules.entry(short(module.as_bytes())).or_insert(Block { module, records: vec![] });
            block.records.push(part);
        }
    }
    let mut blocks = Vec::new();
    let mut rows = Vec::with_capacity(modules.len());
    for (hash, mut block) in modules {
        block.records.sort_by(|a, b| a.id.cmp(&b.id));
        let json = serde_json::to_vec(&block).unwrap_or_default();
        rows.push((hash, blocks.len() as u64, json.len() as u64, short(&json)));
        blocks.extend(json);
    }
    // The digest must not know where the blocks stand, which depends on the head's length.
    let mut digest = Sha256::new();
    rows.iter().for_each(|(hash, _, _, check)| {
        digest.update(hash);
        digest.update(check);
    });
    let digest = hex(&digest.finalize());
    let head =
        Head { stamp: stamp.to_owned(), date: contents.date, date_from: contents.date_from, records, digest };
    let head = serde_json::to_vec(&head).unwrap_or_default();
    assemble(&head, &rows, &blocks)
}

type Row = ([u8; 16], u64, u64, [u8; 16]);

fn assemble(head: &[u8], rows: &[Row], blocks: &[u8]) -> Vec<u8> {
    let start = FIXED + head.len() as u64 + (rows.len() * ROW) as u64;
    let mut table = Vec::with_capacity(rows.len() * ROW);
    for (hash, offset, len, check) in rows {
        table.extend_from_slice(hash);
        table.extend_from_slice(&(start + offset).to_le_bytes());
        table.extend_from_slice(&len.to_le_bytes());
        table.extend_from_slice(check);
    }
    let mut out = Vec::with_capacity(start as usize + blocks.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(head.len() as u32).to_le_bytes());
    out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    let check = Sha256::new().chain_update(&out[8..16]).chain_update(head).chain_update(&table).finalize();
    out.extend_from_slice(&check);
    out.extend_from_slice(head);
    out.extend_from_slice(&table);
    out.extend_from_slice(blocks);
    out
}

fn modules_of(record: &Record) -> Vec<String> {
    let mut out: Vec<String> = record.affected.iter().map(|a| a.module.to_ascii_lowercase()).collect();
    out.sort();
    out.dedup();
    out
}

fn short(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Sha256::digest(bytes)[..16]);
    out
}

/// Writes an index, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

impl Index {
    /// Opens one and checks its head and table.
    ///
    /// # Errors
    /// [`ScanError::Io`] if it cannot be read, [`ScanError::Damaged`] if it is not an index, of another format, cut or
    /// changed.
    pub fn open(path: &Path) -> Result<Index, ScanError> {
        let damaged = |what| ScanError::Damaged { path: path.to_owned(), what };
        let file = File::open(path).map_err(ScanError::io(path))?;
        let bytes = FileBytes::new(file).map_err(ScanError::io(path))?;
        let mut fixed = [0; FIXED as usize];
        bytes.read_at(0, &mut fixed).map_err(|_| damaged("it is too short"))?;
        let number = |at: usize| {
            u64::from(u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]))
        };
        let (head_len, rows) = (number(8), number(12));
        let size = head_len + rows * ROW as u64;
        if &fixed[..8] != MAGIC || head_len > MAX_HEAD || rows > MAX_ROWS || FIXED + size > bytes.len() {
            return Err(damaged("it does not begin as one"));
        }
        let mut rest = vec![0; size as usize];
        bytes.read_at(FIXED, &mut rest).map_err(|_| damaged("it is too short"))?;
        let check = Sha256::new().chain_update(&fixed[8..16]).chain_update(&rest).finalize();
        if check.as_slice() != &fixed[16..48] {
            return Err(damaged("its head or table was changed"));
        }
        let table = rest.split_off(head_len as usize);
        let head = serde_json::from_slice(&rest).map_err(|_| damaged("its head is not readable"))?;
        Ok(Index { bytes, path: path.to_owned(), head, table })
    }

    /// What it says of itself.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The records of a module, sorted by id, each with only what it says of this module.
    ///
    /// # Errors
    /// [`ScanError::Damaged`] if the module's part is not what was written.
    pub fn module(&self, module: &str) -> Result<Vec<Record>, ScanError> {
        let mut records = self.alike(module)?;
        records.iter_mut().for_each(|r| r.affected.retain(|a| a.module == module));
        records.retain(|r| !r.affected.is_empty());
        Ok(records)
    }

    /// The records of all modules whose paths differ from this one by capitals only.
    ///
    /// # Errors
    /// As [`Index::module`].
    pub fn alike(&self, module: &str) -> Result<Vec<Record>, ScanError> {
        let damaged = |what| ScanError::Damaged { path: self.path.clone(), what };
        let module = module.to_ascii_lowercase();
        let wanted = short(module.as_bytes());
        let rows: Vec<&[u8]> = self.table.chunks_exact(ROW).collect();
        let Ok(found) = rows.binary_search_by(|row| row[..16].cmp(&wanted)) else { return Ok(vec![]) };
        let row = rows[found];
        let number = |at: usize| {
            let mut out = [0; 8];
            out.copy_from_slice(&row[at..at + 8]);
            u64::from_le_bytes(out)
        };
        let (offset, len) = (number(16), number(24));
        if len > MAX_BLOCK || offset.checked_add(len).is_none_or(|end| end > self.bytes.len()) {
            return Err(damaged("a part of it is missing"));
        }
        let mut json = vec![0; len as usize];
        self.bytes.read_at(offset, &mut json).map_err(|_| damaged("a part of it is missing"))?;
        if short(&json) != row[32..48] {
            return Err(damaged("a part of it was changed"));
        }
        let block: Block =
            serde_json::from_slice(&json).map_err(|_| damaged("a part of it is not readable"))?;
        if block.module == module { Ok(block.records) } else { Err(damaged("a part of it is another's")) }
    }
}
