//! Where bytes of memory stand in the file.
