//! Packages of opkg, which is in no Debian: tar reads them.

use crate::support::{Bench, stdout};
use goferry_package::linux::{Alternative, Format};

pub(crate) fn tar_reads_it() {
    let bench = Bench::new();
    let (mut package, names) = bench.uncommon();
    package.ipk.alternatives =
        vec![Alternative { priority: 100, target: "/usr/bin/tool".into(), link_name: "/usr/bin/x".into() }];
    package.ipk.fields =
        [("Source", "here"), ("size", "7")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let ipk = bench.write(Format::Ipk, &package, None);
    assert!(ipk.ends_with("/tool_1.2.3~rc.1+git-1_x86_64.ipk"), "{ipk}");
    let at = |name: &str| bench.path().join(name).to_str().unwrap().to_owned();
    for folder in ["outer", "control", "data"] {
        std::fs::create_dir(at(folder)).unwrap();
    }
    assert_eq!(stdout("tar", &["-tzf", &ipk]), "./debian-binary\n./control.tar.gz\n./data.tar.gz\n");
    stdout("tar", &["-xzf", &ipk, "-C", &at("outer")]);
    for part in ["control", "data"] {
        stdout("tar", &["-xzf", &at(&format!("outer/{part}.tar.gz")), "-C", &at(part)]);
    }
    Bench::holds_uncommon(&bench.path().join("data"), &names);
    let control = std::fs::read_to_string(at("control/control")).unwrap();
    assert!(control.contains("Alternatives: 100:/usr/bin/x:/usr/bin/tool\n"), "{control}");
    assert!(control.ends_with("Source: here\n") && !control.contains("size: 7"), "{control}");
    assert_eq!(std::fs::read_to_string(at("control/conffiles")).unwrap(), "/etc/tool/tool.conf\n");
}
