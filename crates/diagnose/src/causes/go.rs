//! The go command: toolchains, modules, vendoring, version control.

use super::{Cause, Proof, fix, line, sign};

pub(super) const TABLE: &[Cause] = &[
    Cause {
        id: "toolchain-not-available",
        title: "the Go version that the module asks for cannot be downloaded",
        why: "The go or toolchain line of go.mod names a version that does not exist, or the proxy does not have it.",
        signs: &[line("toolchain not available", r"download (?P<version>go\S+) for")],
        rank: 72,
        fixes: &[
            fix(
                "name a version that exists, with its patch number",
                "go mod edit -go=1.26.0 -toolchain=none",
            ),
            fix("or install that Go by hand", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "go-too-old",
        title: "the installed Go is older than go.mod asks for, and may not fetch another",
        why: "GOTOOLCHAIN=local (in the environment or in the go env file) keeps the go command from fetching the version that go.mod names.",
        signs: &[
            line("GOTOOLCHAIN=local", r"requires go >= (?P<version>[\w.]+)"),
            line("requires go >=", r"requires go >= (?P<version>[\w.]+) \(running go"),
        ],
        rank: 72,
        fixes: &[
            fix("let it be fetched", "GOTOOLCHAIN=auto go build"),
            fix("if the go env file says so", "go env -u GOTOOLCHAIN"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "go-line-invalid",
        title: "go.mod's go line is not one that this Go understands",
        why: "It is no version, or it has a patch number (go 1.21.3) and this Go is older than 1.21, which takes `go 1.20` only.",
        signs: &[line("invalid go version", r"invalid go version '(?P<version>[^']+)'")],
        rank: 70,
        fixes: &[fix("write it as this Go does, or use a newer Go", "sed -i 's/^go .*/go 1.20/' go.mod")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "checksum-mismatch",
        title: "a module is not what go.sum says",
        why: "The tag was moved, a proxy or a disk changed the file, or somebody exchanged it.",
        signs: &[line("checksum mismatch", r"verifying (?P<module>\S+?)(?:/go\.mod)?: checksum mismatch")],
        rank: 76,
        fixes: &[
            fix(
                "fetch it again, past the proxy and with an empty cache, and see whether it still differs",
                "GOPROXY=direct GOMODCACHE=$(mktemp -d) go mod download {module}",
            ),
            fix(
                "only if the module is known to be good: take its lines out of go.sum and make them anew",
                "go mod tidy",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "go-sum-entry-missing",
        title: "go.sum lacks a module",
        why: "go.mod was changed without go mod tidy, or go.sum was not committed.",
        signs: &[
            line(
                "missing go.sum entry",
                r"missing go\.sum entry for (?:module providing package |go\.mod file;? ?)?(?P<package>\S*)",
            ),
            line("go.sum", "updates to go.sum needed"),
        ],
        rank: 62,
        fixes: &[fix("complete it and commit", "go mod tidy")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "go-mod-not-tidy",
        title: "go.mod would have to change",
        why: "A package is imported whose module go.mod does not require, and builds may not change go.mod.",
        signs: &[
            sign("updates to go.mod needed"),
            line("no required module provides package", r"provides package (?P<package>[^;\s]+)"),
        ],
        rank: 60,
        fixes: &[fix("complete it and commit", "go mod tidy")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "vendor-inconsistent",
        title: "vendor/modules.txt disagrees with go.mod",
        why: "go.mod was changed without go mod vendor.",
        signs: &[sign("inconsistent vendoring")],
        rank: 74,
        fixes: &[
            fix("make it anew and commit", "go mod vendor"),
            fix("see it for every target", "goferry check"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "vendor-package-missing",
        title: "vendor/ lacks a package",
        why: "The package is imported for this target, by build tags or for a test, and was not there when go mod vendor ran, or vendor/ was committed in part (.gitignore).",
        signs: &[
            sign("is not in your vendor directory"),
            line(
                "-mod=vendor",
                r"cannot find (?:module providing )?package (?P<package>[^\s:]+):? .*-mod=vendor",
            ),
            sign("to sync the vendor directory"),
        ],
        rank: 66,
        fixes: &[
            fix("make it anew and commit", "go mod vendor"),
            fix("see it for every target", "goferry check"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "network-forbidden",
        title: "the build would have to download a module, and may not",
        why: "GOPROXY=off or -mod=vendor forbids the network, and the module is neither in the module cache nor in vendor/.",
        signs: &[sign("disabled by GOPROXY=off")],
        rank: 64,
        fixes: &[
            fix("fill the cache where there is a network", "go mod download"),
            fix("or vendor", "go mod vendor"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "proxy-unreachable",
        title: "the module proxy or a host cannot be reached",
        why: "There is no network, no name server, or a proxy in between.",
        signs: &[
            line(
                "dial tcp",
                r"dial tcp:? .*(?:no such host|connection refused|i/o timeout|network is unreachable|server misbehaving|cannot assign)",
            ),
            sign("proxyconnect tcp"),
            sign("x509: certificate signed by unknown authority"),
        ],
        rank: 64,
        fixes: &[
            fix("see which proxy is asked, and from where it is set", "go env -changed"),
            fix("a company's proxy wants its certificate", "SSL_CERT_FILE=… go build"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "private-module",
        title: "a private module cannot be read",
        why: "The proxy does not know it, and git has no credentials for the host.",
        signs: &[
            sign("terminal prompts disabled"),
            line("could not read Username", ""),
            line("Repository not found", ""),
        ],
        rank: 64,
        fixes: &[
            fix("keep it from the public proxy", "GOPRIVATE=example.com/*"),
            fix(
                "and give git a token",
                "git config --global url.\"https://TOKEN@example.com/\".insteadOf https://example.com/",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "vcs-status",
        title: "Go cannot ask git about the checkout",
        why: "Go stamps commit and state into binaries; git is missing, refuses the folder, or the repository is damaged.",
        signs: &[sign("error obtaining VCS status")],
        rank: 60,
        fixes: &[
            fix("see what git says", "git status"),
            fix("if the folder belongs to another user", "git config --global --add safe.directory \"$PWD\""),
            fix("or do without the stamp", "go build -buildvcs=false"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "dubious-ownership",
        title: "git refuses a repository that somebody else owns",
        why: "In containers and CI the checkout often belongs to another user than the one that builds.",
        signs: &[line("detected dubious ownership", r"in repository at '(?P<folder>[^']+)'")],
        rank: 68,
        fixes: &[fix("trust the folder", "git config --global --add safe.directory {folder}")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "workspace-mod-flag",
        title: "-mod is set, and go.work is in force",
        why: "GOFLAGS=-mod=mod, in the environment or the go env file, does not go with a workspace.",
        signs: &[sign("-mod may only be set to")],
        rank: 66,
        fixes: &[
            fix("leave the workspace out", "GOWORK=off go build"),
            fix("or take the flag away", "go env -u GOFLAGS"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "package-not-in-std",
        title: "an import is looked for in the standard library and is not there",
        why: "A path without a dot in its first part belongs to the standard library: it is misspelt, or this Go is older than the package.",
        signs: &[line("is not in", r"package (?P<package>\S+) is not in (?:std|GOROOT)\b")],
        rank: 52,
        fixes: &[
            fix("see the packages of this Go", "go list std"),
            fix("if the package is newer than this Go, say so in go.mod", "go get go@latest"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "go-install-broken",
        title: "this Go is not whole, or mixed from two versions",
        why: "Its compiler is missing or of another version: unpacked in part or over an older one, or GOROOT names another Go than the one on PATH.",
        signs: &[
            line("no such tool", r#"go: no such tool "(?P<tool>\w+)""#),
            line("does not match go tool version", r#"version "(?P<version>[^"]+)" does not match"#),
        ],
        rank: 78,
        fixes: &[
            fix("if GOROOT is set, take it away", "unset GOROOT; go env -u GOROOT"),
            fix("or install Go anew, into an empty folder; the one in use is", "go env GOROOT"),
            fix("see what is wrong", "goferry doctor"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "not-in-a-module",
        title: "there is no go.mod here",
        why: "The command ran in a folder that is in no module.",
        signs: &[
            sign("go.mod file not found in current directory or any parent"),
            sign("cannot find main module"),
        ],
        rank: 60,
        fixes: &[fix("go to the module's folder, or make one", "go mod init example.com/name")],
        proof: Proof::Reproduced,
    },
];
