//! The smallest program per architecture: it says what `uname -m` would, so that the machine a runner shows is measured.
