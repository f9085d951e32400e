//! Which image of an index is meant (image-spec, image-index.md, property `platform`).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A platform in the words of Go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// GOARCH.
    pub architecture: String,
    /// GOOS.
    pub os: String,
    /// `os.version`, of Windows.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// `v7`, `v8` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// How well an image of this platform serves where `wanted` is asked for; none: not at all; less is better. An ARM
    /// processor runs what is for an older one; arm64 is v8 and amd64 is v1 where nothing is said.
    pub(crate) fn distance(&self, wanted: &Platform) -> Option<u32> {
        if (&self.os, &self.architecture) != (&wanted.os, &wanted.architecture) {
            return None;
        }
        if wanted.os_version.is_some() && self.os_version != wanted.os_version {
            return None;
        }
        wanted.level()?.checked_sub(self.level()?)
    }

    fn level(&self) -> Option<u32> {
        let assumed = match self.architecture.as_str() {
            "arm" => 7,
            "arm64" => 8,
            "amd64" => 1,
            _ => 0,
        };
        match self.variant.as_deref() {
            None | Some("") => Some(assumed),
            Some(v) => v.trim_start_matches('v').split('.').next()?.parse().ok(),
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    /// `os/arch[/variant]`.
    fn from_str(text: &str) -> Result<Platform, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, arch] => (*os, *arch, None),
            [os, arch, variant] => (*os, *arch, Some((*variant).to_owned())),
            _ => return Err(format!("`{text}` is no platform: os/arch or os/arch/variant")),
        };
        if os.is_empty() || architecture.is_empty() || variant.as_deref() == Some("") {
            return Err(format!("`{text}` is no platform: os/arch or os/arch/variant"));
        }
        Ok(Platform { os: os.to_owned(), architecture: architecture.to_owned(), variant, os_version: None })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |v| write!(f, "/{v}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_processor_s_image_serves_a_newer_one() {
        for (has, wanted, distance) in [
            ("linux/amd64", "linux/amd64", Some(0)),
            ("linux/amd64", "linux/amd64/v3", Some(2)),
            ("linux/amd64/v3", "linux/amd64", None),
            ("linux/arm64/v8", "linux/arm64", Some(0)),
            ("linux/arm/v6", "linux/arm/v7", Some(1)),
            ("linux/arm/v5", "linux/arm", Some(2)),
            ("linux/arm/v7", "linux/arm/v6", None),
            ("linux/arm64", "linux/amd64", None),
            ("windows/amd64", "linux/amd64", None),
            ("unknown/unknown", "linux/amd64", None),
        ] {
            let (has, wanted): (Platform, Platform) = (has.parse().unwrap(), wanted.parse().unwrap());
            assert_eq!(has.distance(&wanted), distance, "{has} for {wanted}");
        }
        for bad in ["", "linux", "linux/", "/arm", "a/b/c/d", "a/b/"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
