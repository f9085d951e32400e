//! The cross gcc of another suite than the host's, with its own C library, and packages for the host's own platform, on a
//! machine without cross compilers: the real apt, gcc, qemu and go, as an ordinary user.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

#[path = "../toolchain/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of toolchain")]
mod machine;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};
use machine::{Machine, User};
use std::path::Path;
use std::process::ExitCode;

/// C, C++ and what links them.
const FILES: [(&str, &str); 6] = [
    ("go.mod", "module example.com/words\n\ngo 1.24\n"),
    (
        "main.go",
        "package main\n\n// int words(const char *);\nimport \"C\"\n\nfunc count() C.int { return C.words(C.CString(\"a b c\")) }\n\nfunc main() { println(count()) }\n",
    ),
    (
        "main_test.go",
        "package main\n\nimport \"testing\"\n\nfunc TestCount(t *testing.T) {\n\tif count() != 3 {\n\t\tt.Fatal(count())\n\t}\n}\n",
    ),
    (
        "words.cc",
        "#include <sstream>\n#include <string>\nextern \"C\" int words(const char *t) {\n\tstd::istringstream in(t);\n\tstd::string s;\n\tint n = 0;\n\twhile (in >> s) n++;\n\treturn n;\n}\n",
    ),
    ("goferry.toml", "targets = [\"linux/loong64\"]\n"),
    (".gitignore", "/dist/\n/goferry.lock\n"),
];

type Check = (&'static str, fn(&Machine));

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let checks: [Check; 2] =
        [("gcc-of-a-newer-suite-and-its-qemu", newer), ("packages-of-the-hosts-own-target", native)];
    let trials = checks.map(|(name, check)| {
        Trial::test(name, move || {
            let machine = Machine::new();
            // A gigabyte stays otherwise.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&machine)));
            machine.remove();
            result.map_err(|_| "see above".into())
        })
    });
    libtest_mimic::run(&args, trials.into()).exit_code()
}

/// A user with the project, whose files come from the mirror once it has them.
fn user(m: &Machine, name: &str, mirror: &Path) -> User {
    let mut user = m.user(name);
    user.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
    let cache = m.folder(&format!("{name}-go-build"));
    user.set("GOCACHE", cache.to_str().unwrap());
    for (file, text) in FILES {
        user.write(file, text);
    }
    user.sh(
        "git init -q -b main . && git add -A && GIT_AUTHOR_DATE='@1704164645 +0000' GIT_COMMITTER_DATE='@1704164645 +0000' \
         git -c user.name=T -c user.email=t@example.com commit -q -m first",
    );
    user
}

/// What the compiler itself makes of the C++ file.
fn library(user: &User) -> Vec<u8> {
    user.sh(
        "eval \"$(goferry toolchain env linux/loong64)\" && $CXX -g -O2 -fPIC -shared -ffile-prefix-map=$PWD=/w words.cc -o words.so",
    );
    std::fs::read(user.work.join("words.so")).unwrap()
}

fn newer(m: &Machine) {
    let mirror = m.folder("mirror");
    let one = user(m, "one", &mirror);
    let r = one.must(0, &["toolchain", "install"]);
    assert!(r.stdout.contains("loongarch64-linux-gnu-gcc"), "{}", r.stdout);
    let lock = std::fs::read_to_string(one.work.join("goferry.lock")).unwrap();
    // Debian 12's gcc knows no LoongArch; from 13 on the own suite's does, and nothing of another is needed.
    let bookworm = std::fs::read_to_string("/etc/os-release").unwrap().contains("VERSION_CODENAME=bookworm");
    if bookworm {
        assert!(lock.contains("suite = \"trixie\"") && lock.contains("name = \"libc6\""), "{lock}");
        assert!(lock.contains("for = \"user-trixie\""), "{lock}");
    }
    let r = one.must(0, &["build", "--snapshot", "--locked"]);
    assert!(
        r.stderr.contains("ran by qemu") || r.stdout.contains("ran by qemu"),
        "{} {}",
        r.stdout,
        r.stderr
    );
    let r = one.must(0, &["run", "linux/loong64"]);
    assert_eq!(r.stderr.trim(), "3");
    // An older qemu's processor has no vectors, which this C++ library uses.
    let r = one.must(0, &["test", "--target=linux/loong64", "."]);
    assert!(r.stdout.starts_with("ok "), "{} {}", r.stdout, r.stderr);
    // From another home the bytes are the same, debug information too.
    let two = user(m, "two-with-a-longer-name", &mirror);
    assert!(library(&one) == library(&two), "the two libraries differ");
    changed(&two);
}

/// A byte of the unpacked compiler is changed.
fn changed(user: &User) {
    let compiler = user.sh("find \"$GOFERRY_CACHE/tools/unpacked\" -name cc1plus -type f");
    let compiler = Path::new(compiler.trim());
    let good = std::fs::read(compiler).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    let times = std::fs::metadata(compiler).unwrap().modified().unwrap();
    std::fs::write(compiler, &bad).unwrap();
    // The time is set back: whoever does it on purpose would.
    std::fs::File::options().append(true).open(compiler).unwrap().set_modified(times).unwrap();
    let r = user.must(1, &["build", "--snapshot"]);
    assert!(r.stderr.contains("error[toolchain-damaged]"), "{}", r.stderr);
    assert!(r.stderr.contains("cc1plus has other content"), "{}", r.stderr);
    assert!(r.stderr.contains("goferry toolchain install"), "{}", r.stderr);
    assert!(std::fs::read(compiler).unwrap() == bad, "the evidence stays");
    let r = user.must(0, &["toolchain", "install"]);
    assert!(r.stderr.contains("it is unpacked again"), "{}", r.stderr);
    assert!(std::fs::read(compiler).unwrap() == good, "not mended");
    user.must(0, &["build", "--snapshot", "--locked"]);
}

/// A library that the host need not have: compiled and linked against, and found when the program starts.
fn native(m: &Machine) {
    let user = m.user("native");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    user.write("go.mod", "module example.com/packed\n\ngo 1.24\n");
    user.write(
        "main.go",
        "package main\n\n// #cgo pkg-config: lzo2\n// #include <lzo/lzo1x.h>\nimport \"C\"\n\nfunc main() { println(C.lzo_version() > 0x2000) }\n",
    );
    user.write("goferry.toml", "[sysroot]\npackages = [\"liblzo2-dev\"]\n");
    let target = format!("linux/{arch}");
    let r = user.must(0, &["run", &target]);
    assert!(r.stderr.ends_with("true\n"), "{}", r.stderr);
    let r = user.must(0, &["toolchain", "install", &target]);
    assert!(r.stdout.contains("liblzo2-dev"), "{}", r.stdout);
    let lock = std::fs::read_to_string(user.work.join("goferry.lock")).unwrap();
    assert!(lock.contains("role = \"sysroot\"") && lock.contains(&format!("for = \"{target}\"")), "{lock}");
    // It is what was fetched that was used.
    let libraries = user.sh("find \"$GOFERRY_CACHE/tools/unpacked\" -name 'liblzo2.so.2'");
    assert!(libraries.contains("sysroot-"), "{libraries}");
}
