# What scenarios share. Read before each of them by `sh`, in an empty folder, with a home and TMPDIR of its own.

# A module of one package. Its main.go comes from stdin.
module() {
    printf 'module example.com/app\n\ngo 1.24\n' >go.mod
    cat >main.go
}

# A main package with a C file in a comment: $1 are `#cgo` lines and declarations, $2 is the body of main.
cgo_module() {
    module <<GO
package main

/*
$1
*/
import "C"

func main() { ${2:-C.work()} }
GO
}

# A folder with these tools and nothing else, for PATH.
only() {
    dir=$(mktemp -d)
    for tool in "$@"; do
        ln -s "$(readlink -f "$(command -v "$tool")")" "$dir/$tool"
    done
    echo "$dir"
}

# Runs a command where no emulator is registered, whatever the machine has: since Linux 6.7 a user namespace has a table of its
# own. Where that is refused the machine's table is used.
unregistered() {
    unshare -Urm sh -c 'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null; exec "$@"' sh "$@"
}
