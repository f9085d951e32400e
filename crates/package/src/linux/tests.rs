use super::*;
use crate::source::parse as read_tar;
use proptest::prelude::*;

/// A version without more.
fn version(upstream: &str) -> Version {
    Version { upstream: upstream.to_owned(), ..Version::default() }
}

/// Recorded from nfpm 2.48 and, for rpm, 2.45 (scripts/compare-nfpm does it again).
#[test]
fn file_names_are_the_conventional_ones() {
    let names = |arch: &str| {
        let package = Package {
            name: "tool".into(),
            arch: arch.into(),
            version: Version {
                release: "3".into(),
                prerelease: "rc.1".into(),
                metadata: "b2".into(),
                ..version("1.0.0")
            },
            ..Package::default()
        };
        Format::ALL.map(|f| conventional_file_name(f, &package))
    };
    assert_eq!(
        names("amd64")[..5],
        [
            "tool_1.0.0~rc.1+b2-3_amd64.deb",
            "tool-1.0.0~rc.1+b2-3.x86_64.rpm",
            "tool_1.0.0_rc.1-r3-pb2_x86_64.apk",
            "tool-1.0.0rc.1-3-x86_64.pkg.tar.zst",
            "tool_1.0.0~rc.1+b2-3_x86_64.ipk",
        ]
    );
    for (arch, words) in [
        ("386", ["i386", "i386", "x86", "i686", "i386"]),
        ("arm5", ["armel", "armv5tel", "arm5", "arm", "armel"]),
        ("arm6", ["armhf", "armv6hl", "armhf", "armv6h", "armhf"]),
        ("arm7", ["armhf", "armv7hl", "armv7", "armv7h", "armhf"]),
        ("arm64", ["arm64", "aarch64", "aarch64", "aarch64", "arm64"]),
        ("mips64le", ["mips64el", "mips64el", "mips64le", "mips64le", "mips64el"]),
        ("ppc64le", ["ppc64el", "ppc64le", "ppc64le", "powerpc64le", "ppc64el"]),
        ("riscv64", ["riscv64", "riscv64", "riscv64", "riscv64", "riscv64_generic"]),
        ("loong64", ["loong64", "loongarch64", "loongarch64", "loong64", "loong64"]),
        ("all", ["all", "noarch", "noarch", "any", "all"]),
    ] {
        for (name, word) in names(arch).iter().zip(words) {
            assert!(name.contains(&format!("{word}.")), "{arch}: {name} has {word}");
        }
    }
}

/// The words that a configuration may use are those that mean something here.
#[test]
fn every_type_of_content_can_be_asked_for() {
    let problems = |word: &str| {
        let text = format!("[package]\ncontents = [{{src = 'a', dst = '/a', type = '{word}'}}]\n");
        goferry_config::load(None, Some(goferry_config::SourceText { name: "goferry.toml".to_owned(), text }))
            .1
    };
    for (word, _) in ContentKind::WORDS {
        assert!(problems(word).list.is_empty(), "{word}: {:?}", problems(word));
    }
    let allowed = &problems("some").list[0];
    let said = format!("{allowed:?}");
    for (word, _) in ContentKind::WORDS {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(ContentKind::from_word("some").is_none());
}

type Change = fn(&mut Package);

#[test]
fn what_cannot_be_said_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let good = Package { name: "tool".into(), version: version("1.0.0"), ..Package::default() };
    let dot = |p: &mut Package| p.contents.push(Content::symlink("x", "/.PKGINFO"));
    let wrong: [(Format, Change); 31] = [
        (Format::Apk, dot),
        (Format::ArchLinux, dot),
        (Format::Ipk, |p| p.name = "my tool".into()),
        (Format::Ipk, |p| p.name = "../tool".into()),
        (Format::Apk, |p| p.relations.depends = vec!["a\ndepend = b".into()]),
        (Format::Deb, |p| p.name.clear()),
        (Format::Deb, |p| p.version.upstream.clear()),
        (Format::Deb, |p| p.maintainer = "a\nDepends: b".into()),
        (Format::Deb, |p| p.deb.compression = "lzma".into()),
        (Format::Deb, |p| p.deb.compression = "zstd:99".into()),
        (Format::Rpm, |p| p.rpm.compression = "none".into()),
        (Format::Rpm, |p| p.version.epoch = "x".into()),
        (Format::Rpm, |p| p.relations.depends = vec!["libc6 (>= 2)".into()]),
        (Format::Apk, |p| p.platform = "aix".into()),
        (Format::ArchLinux, |p| p.name = "-tool".into()),
        (Format::ArchLinux, |p| p.version.epoch = "x".into()),
        (Format::Deb, |p| p.version.epoch = "x".into()),
        (Format::Deb, |p| p.version.epoch = "-1".into()),
        (Format::Deb, |p| p.relations.depends = vec!["libc6 >= 2".into()]),
        (Format::TermuxDeb, |p| p.relations.conflicts = vec!["a | b".into()]),
        (Format::Deb, |p| p.deb.triggers.interest = vec!["a\nactivate b".into()]),
        (Format::Deb, |p| {
            p.section = "utils".into();
            p.deb.fields.insert("section".into(), "net".into());
        }),
        (Format::Deb, |p| _ = p.deb.fields.insert("Bugs".into(), "a\n\nPackage: evil".into())),
        (Format::Deb, |p| _ = p.deb.fields.insert("Bugs".into(), "a\nOrigin: b".into())),
        (Format::Deb, |p| _ = p.deb.fields.insert("Bugs and more".into(), "a".into())),
        (Format::Ipk, |p| _ = p.ipk.fields.insert("Bugs".into(), "a\nOrigin: b".into())),
        (Format::Ipk, |p| p.ipk.tags = vec!["a\nb".into()]),
        (Format::Rpm, |p| p.version.release = "1-2".into()),
        (Format::Rpm, |p| p.rpm.summary = "a\nb".into()),
        (Format::Rpm, |p| p.rpm.prefixes = vec!["/a\n/b".into()]),
        (Format::Apk, |p| p.description = "a\0b".into()),
    ];
    for (format, change) in wrong {
        let mut package = good.clone();
        change(&mut package);
        let out = dir.path().join("out");
        assert!(write(format, &package, &out, None).is_err(), "{format} {package:?}");
        assert!(!out.exists());
    }
    // What is folded well, and a field that no setting of its own says, go in.
    let mut good = good;
    for fields in [&mut good.deb.fields, &mut good.ipk.fields] {
        fields.insert("Bugs".into(), "a\n .\n b\n".into());
        fields.insert("Section".into(), "net".into());
    }
    good.version.epoch = "2".into();
    for format in Format::ALL {
        write(format, &good, &dir.path().join("out"), None).unwrap();
    }
}

#[test]
fn the_same_package_gives_the_same_bytes_wherever_its_files_lie() {
    let sums: Vec<Vec<String>> = ["first", "second/deeper"]
        .map(|place| {
            let dir = tempfile::tempdir().unwrap();
            let at = dir.path().join(place);
            std::fs::create_dir_all(at.join("tree/sub")).unwrap();
            std::fs::write(at.join("tree/sub/file"), b"content").unwrap();
            let tree = Source::Pattern { folder: at.clone(), pattern: "tree".into() };
            let package = Package {
                name: "tool".into(),
                version: version("1.0.0"),
                mtime: 1,
                contents: vec![
                    Content::new(ContentKind::Tree, tree, "/opt/tool"),
                    Content::file(at.join("tree/sub/file"), "/usr/bin/tool", 0o755),
                ],
                ..Package::default()
            };
            Format::ALL.map(|f| write(f, &package, &at.join("out"), None).unwrap().sha256).into()
        })
        .into();
    assert_eq!(sums[0], sums[1]);
}

/// Every header of tar's two dialects that our own reader knows comes back as it was; GNU's is read by dpkg in tests/linux.
fn header_comes_back(name: &str, link: &str, owner: &str, mtime: i64) -> Result<(), TestCaseError> {
    let kind = goferry_tar::Kind::Symlink;
    let (owner, link) = (owner.to_owned(), link.to_owned());
    let header =
        goferry_tar::Header { kind, owner, link: link.clone(), ..tar::own_file(name, 0, 0o644, mtime) };
    let mut bytes = header.blocks();
    bytes.extend_from_slice(&goferry_tar::END);
    let read = read_tar(&bytes).map_err(TestCaseError::fail)?;
    prop_assert_eq!(read.len(), 1);
    prop_assert_eq!(&read[0].name, name);
    prop_assert_eq!(&read[0].source, &crate::Source::Symlink(link));
    Ok(())
}

proptest! {
    #[test]
    fn pax_headers_hold_any_name(
        name in "[a-zé日 =\\\\#]{1,20}(/[a-z日]{1,90}){0,4}",
        link in "[a-zé日 ./]{1,200}",
        owner in "[a-zé]{0,60}",
        mtime in 0i64..0o777_7777_7777,
    ) {
        header_comes_back(&name, &link, &owner, mtime)?;
    }

    /// GNU's headers: a name that fits is there as it is; a longer one is in a member before, whole.
    #[test]
    fn gnu_headers_hold_any_name_size_and_time(
        name in "\\./[a-zé日 ]{1,300}",
        size in any::<u64>().prop_map(|n| n >> 1),
        mtime in any::<i64>(),
    ) {
        let header = goferry_tar::Header { size, ..tar::own_file(&name, 0, 0o644, mtime) };
        let bytes = header.gnu_blocks();
        prop_assert_eq!(bytes.len() % 512, 0);
        let last = &bytes[bytes.len() - 512..];
        if name.len() > 100 {
            prop_assert_eq!(bytes[156], b'L');
            prop_assert_eq!(&bytes[512..512 + name.len()], name.as_bytes());
            prop_assert_eq!(bytes[512 + name.len()], 0);
        } else {
            prop_assert_eq!(&last[..name.len()], name.as_bytes());
        }
        prop_assert_eq!(number(&last[124..136]), i128::from(size));
        prop_assert_eq!(number(&last[136..148]), i128::from(mtime));
        let sum: u32 = last.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
        prop_assert_eq!(number(&last[148..155]), i128::from(sum));
    }
}

/// A number of tar: octal digits, or base 256 if its first bit is set.
fn number(field: &[u8]) -> i128 {
    if field[0] & 0x80 == 0 {
        let text: String = field.iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
        return i128::from_str_radix(&text, 8).unwrap();
    }
    let first = if field[0] == 0xff { -1 } else { i128::from(field[0] & 0x7f) };
    field[1..].iter().fold(first, |n, b| n << 8 | i128::from(*b))
}
